"""A response body, cut into answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine import answers as answers_module
from batch_transform.engine.answers import Answers
from engine.reference import split_after_newlines


@given(st.text(alphabet="ab\n", max_size=40).map(str.encode), st.lists(st.integers(0, 7)), st.integers(1, 9))
def test_lines_are_taken_in_order_as_many_as_asked_for(body: bytes, counts: list[int], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers_module, "_PIECE", piece)
        expected = [line.removesuffix(b"\n") for line in split_after_newlines(body)]
        answers = Answers(body, split_lines=True)
        assert answers.count == len(expected)
        for count in [*counts, len(expected)]:
            assert answers.take(count) == expected[:count]
            expected = expected[count:]


@given(
    st.text(alphabet="ab\n", max_size=40).map(str.encode),
    st.lists(st.sampled_from(["take", "elsewhere", "back"]), max_size=9),
    st.integers(1, 9),
)
def test_lines_come_in_order_however_they_are_taken(body: bytes, ways: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers_module, "_PIECE", piece)
        expected = [line.removesuffix(b"\n") for line in split_after_newlines(body)]
        answers = Answers(body, split_lines=True)
        for way in ways:
            position = answers.position
            if way == "elsewhere":
                taken = expected[:1]
                answers.advance(len(taken), answers.at + sum(len(line) + 1 for line in taken))
            else:
                taken = answers.take(2)
            assert taken == expected[: len(taken)]
            if way == "back":
                answers.return_to(position)
            else:
                expected = expected[len(taken) :]
        blocks = list(answers.blocks())
        assert [line for block in blocks for line in block.items] == expected
        assert all(len(block.text) <= piece or block.count == 1 for block in blocks)
        assert answers.take(9) == []


@pytest.mark.parametrize("body", [b"", b"a\nb\n"])
def test_a_body_that_is_not_split_is_one_answer(body: bytes) -> None:
    answers = Answers(body, split_lines=False)
    assert (answers.count, answers.take(5), answers.take(1)) == (1, [body], [])
    [block] = Answers(body, split_lines=False).blocks()
    assert (block.items, block.are_lines) == ([body], False)


@pytest.mark.parametrize(("body", "plain"), [(b"1,x\n", True), (b'1,"x"\n', False), (b"1\r\n", False)])
def test_quotes_and_carriage_returns_are_seen(body: bytes, plain: bool) -> None:
    assert Answers(body, split_lines=True).are_plain == plain
