from __future__ import annotations

from pathlib import Path

from batch_transform.preview.given_answer import GivenAnswer, read_answer


def ask(model: GivenAnswer, body: bytes) -> bytes:
    answer = model.invoke(body, content_type=None, accept=None, timeout=1)
    assert answer.status == 200
    return answer.body


def test_each_record_gets_its_line_across_several_requests() -> None:
    model = GivenAnswer(b"a\nb\nc\n", split_lines=True)
    assert ask(model, b"1\n2\n") == b"a\nb\n"
    assert ask(model, b"3") == b"c\n"


def test_a_single_line_answers_every_record() -> None:
    model = GivenAnswer(b"a", split_lines=True)
    assert ask(model, b"1\n2\n") == b"a\na\n"
    assert ask(model, b"3\n") == b"a\n"


def test_too_few_lines_make_too_few_answers() -> None:
    assert ask(GivenAnswer(b"a\nb\n", split_lines=True), b"1\n2\n3\n") == b"a\nb\n"


def test_a_whole_object_gets_the_whole_text() -> None:
    assert ask(GivenAnswer(b"a\nb", split_lines=False), b"1\n2\n3\n") == b"a\nb"


def test_an_answer_is_the_content_of_a_file_or_the_text_itself(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_bytes(b"a\nb\nc\n")
    assert read_answer(str(tmp_path / "answers.csv"), lines=2) == b"a\nb\n"
    assert read_answer(str(tmp_path / "answers.csv"), lines=None) == b"a\nb\nc\n"
    assert read_answer("0.5,no", lines=2) == b"0.5,no"
    assert read_answer("x" * 5000, lines=2) == b"x" * 5000
    assert read_answer("a\0b", lines=2) == b"a\0b"
