"""The pictures of the README and of docs/ show what the code says today; `make pictures` writes them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from batch_transform.job.files.job_file import read_job_files
from tools.pictures.pages import DESIGN, PICTURES, PROJECT, blocks, drawings, with_blocks
from tools.pictures.recording import picture, shape, shown

README = (PROJECT / "README.md").read_text(encoding="utf-8")
OUTPUT = """\
synth     jobs/tumours.yaml -> stack BatchTransform  1.5 s
run       20261122T185011-32c3bd31
job       tumours-1  InProgress  2 s

first 10 rows of tumours.csv.out
┃ case_id   ┃
│ case-0179 │
copies    out/tumours/20261122T185011-32c3bd31/tumours.csv.out and a line that is longer than the terminal
"""


@pytest.mark.parametrize("name", drawings())
def test_a_drawing_is_the_one_that_its_script_draws(name: str) -> None:
    assert (PICTURES / name).read_text(encoding="utf-8") == drawings()[name], "run: make pictures"


@pytest.mark.parametrize("page", blocks(), ids=lambda page: page.name)
def test_the_diagrams_of_a_page_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_blocks(text, blocks()[page]) == text, "run: make pictures"


def test_the_design_page_describes_every_state_of_the_diagram() -> None:
    page = DESIGN.read_text(encoding="utf-8")
    states = set(re.findall(r"^ {4}(\w+)[\[{(]", blocks()[DESIGN]["state machine"], re.MULTILINE))
    assert len(states) > 20
    described = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))
    assert states - described == set()


def test_every_picture_is_sound_loads_nothing_and_is_shown_on_a_page() -> None:
    pages = README + "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "docs").rglob("*.md"))
    for path in PICTURES.iterdir():
        text = path.read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own file
        assert re.findall(r"(?:href|src|url)=?\W*https?:", text) == []
        assert f"pictures/{path.name}" in pages


def test_a_recording_shows_the_output_and_has_its_shape() -> None:
    drawn = picture(OUTPUT, "light")
    assert "20261122T185011-32c3bd31" in shown(drawn)
    assert shape(shown(drawn)) == shape(OUTPUT)
    assert shape(OUTPUT) != shape(OUTPUT.replace("synth", "template"))


def test_both_recordings_show_the_same_run() -> None:
    light, dark = (shown((PICTURES / f"run-{theme}.svg").read_text()) for theme in ("light", "dark"))
    assert light == dark
    assert "accuracy" in light


def test_the_first_screen_has_the_commands_the_pictures_and_a_legal_job_file(tmp_path: Path) -> None:
    first = "\n".join(README.splitlines()[:60])
    assert all(command in first for command in ("    make run ", "    make test "))
    assert first.count("<picture>") == 2
    [job] = re.findall(r"^```yaml\n(.*?)^```$", first, re.DOTALL | re.MULTILINE)
    assert len(job.splitlines()) == 12
    (tmp_path / "build/tumours/code").mkdir(parents=True)
    (tmp_path / "build/tumours/code/inference.py").touch()
    (tmp_path / "jobs").mkdir()
    path = tmp_path / "jobs/tumours.yaml"
    path.write_text(job)
    assert read_job_files([path]).problems == ()
