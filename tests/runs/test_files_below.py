from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_transform.job.errors import KeyPathError
from batch_transform.runs.files_below import FilesBelow, can_be_written, segments


def put(folder: Path, *names: str) -> list[Path]:
    """Put one file below the folder for each name, with the name as its content."""
    target = FilesBelow(folder)
    paths = []
    for name in names:
        number, part = tempfile.mkstemp(dir=folder.parent)
        os.write(number, name.encode())
        os.close(number)
        try:
            paths.append(target.put(Path(part), name))
        finally:
            Path(part).unlink(missing_ok=True)
    return paths


def everything_in(folder: Path) -> dict[str, str]:
    """Return the contents of a folder by path, without following links."""
    found = {}
    for path in folder.rglob("*"):
        what = f"-> {path.readlink()}" if path.is_symlink() else path.read_text() if path.is_file() else "/"
        found[path.relative_to(folder).as_posix()] = what
    return found


@pytest.mark.parametrize(
    "name",
    [
        "a.out",
        "day/a.out",
        "a b/ü.out",
        "..a",
        "...",
        "a..b/c",
        ".hidden",
        "-rf",
        "~",
        "a\\b",
        "x" * 255,
        "C:",
        "é",
    ],
)
def test_a_file_is_put_at_the_path_in_its_name(tmp_path: Path, name: str) -> None:
    assert put(tmp_path / "run", name) == [tmp_path / "run" / name]
    assert (tmp_path / "run" / name).read_text() == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it has an empty segment"),
        ("/etc/passwd", "it has an empty segment"),
        ("a//b", "it has an empty segment"),
        ("a/", "it has an empty segment"),
        ("..", "it has the segment .."),
        ("../x", "it has the segment .."),
        ("a/../../x", "it has the segment .."),
        ("a/..", "it has the segment .."),
        (".", "it has the segment ."),
        ("./a", "it has the segment ."),
        ("a/./b", "it has the segment ."),
        ("a\0b", "it has a control character"),
        ("a\nb", "it has a control character"),
        ("\x1b[2J", "it has a control character"),
        ("\x7f", "it has a control character"),
        ("\x85", "it has a control character"),
        ("\udcff", "it is not valid Unicode"),
        ("x" * 256, "a segment has 256 bytes"),
        ("ü" * 128 + "/a", "a segment has 256 bytes"),
    ],
)
def test_fails_for_a_name_that_is_not_a_path_below_the_folder(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(KeyPathError, match=why.replace(".", r"\.")) as refused:
        segments(name)
    assert repr(name) in str(refused.value)
    assert str(refused.value).isprintable()


def test_fails_for_a_whole_path_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(KeyPathError, match="too long for this file system"):
        put(tmp_path / "run", "/".join(["x" * 250] * 20))


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_fails_for_a_name_that_is_both_a_file_and_a_folder(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(KeyPathError, match=rf"^'{names[1]}' cannot be the path of a file: "):
        put(tmp_path / "run", *names)
    assert everything_in(tmp_path / "run")[names[0]] == names[0]


def test_fails_if_a_link_in_the_folder_points_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "run" / "day").mkdir(parents=True)
    for link in ("up", "day/up"):
        (tmp_path / "run" / link).symlink_to(outside)
        with pytest.raises(KeyPathError, match="a folder in the path is a file or a symbolic link"):
            put(tmp_path / "run", f"{link}/x")
    assert list(outside.iterdir()) == []


def test_a_link_in_place_of_a_file_is_replaced_and_its_target_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").symlink_to(tmp_path / "outside")
    put(tmp_path / "run", "a")
    assert (tmp_path / "outside").read_text() == "mine"
    assert (tmp_path / "run" / "a").read_text() == "a"


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    put(tmp_path / "run", "a")
    assert (tmp_path / "disk" / "a").read_text() == "a"


def test_a_file_from_an_earlier_copy_is_replaced(tmp_path: Path) -> None:
    put(tmp_path / "run", "a")
    put(tmp_path / "run", "a")
    assert (tmp_path / "run" / "a").read_text() == "a"


def test_fails_for_names_that_are_the_same_file_on_this_file_system(tmp_path: Path) -> None:
    """Such as `a` and `A` on macOS; on other systems, a hard link gives one file two names."""
    target = FilesBelow(tmp_path / "run")
    for name in ("part", "other"):
        (tmp_path / name).write_text(name)
    target.put(tmp_path / "part", "a")
    if not (tmp_path / "run" / "A").exists():
        os.link(tmp_path / "run" / "a", tmp_path / "run" / "A")
    with pytest.raises(
        KeyPathError, match=r"'A' cannot be .*: on this file system it is the same file as 'a'"
    ):
        target.put(tmp_path / "other", "A")
    assert (tmp_path / "run" / "a").read_text() == "part"


_SEGMENT = st.one_of(
    st.sampled_from(
        ["", ".", "..", "a", "A", "a.out", "link", "\\", "..\\..", "\0", "~", "x" * 255, "x" * 300]
    ),
    st.text(max_size=5),
)


@settings(deadline=None, max_examples=300)
@given(names=st.lists(st.lists(_SEGMENT, min_size=1, max_size=6).map("/".join), max_size=6))
@example(names=["../x", "/etc/x", "a", "a/b", "link/x", "link/../../x"])
def test_for_any_names_nothing_is_written_outside_and_files_can_be_read(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "outside").mkdir()
        (root / "outer" / "run").mkdir(parents=True)
        (root / "outer" / "run" / "link").symlink_to(root / "outside")
        target = FilesBelow(root / "outer" / "run")
        kept: dict[Path, str] = {}
        for number, name in enumerate(names):
            part = root / "part"
            part.write_text(f"{number}")
            try:
                kept[target.put(part, name)] = f"{number}"
            except KeyPathError as error:
                assert error.name == name
        assert {path: path.read_text() for path in kept} == kept
        assert list((root / "outside").iterdir()) == []
        assert {path.name for path in root.iterdir()} <= {"outside", "outer", "part"}
        assert [path.name for path in (root / "outer").iterdir()] == ["run"]
        files = {path for path in (root / "outer").rglob("*") if path.is_file() and not path.is_symlink()}
        assert files == set(kept)


def test_fails_with_the_disks_error_if_the_name_is_not_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device") as failed:
        put(tmp_path / "run", "a.out")
    assert failed.value.errno == errno.ENOSPC


def test_a_folder_can_be_written_if_its_nearest_existing_parent_can(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert can_be_written(tmp_path)
    assert can_be_written(tmp_path / "a" / "b")
    assert not can_be_written(tmp_path / "file")
    assert not can_be_written(tmp_path / "file" / "a")
