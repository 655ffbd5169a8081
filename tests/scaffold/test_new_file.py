from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

from batch_transform.job.errors import InputError
from batch_transform.scaffold.new_file import write_all_new

FILES = {
    PurePosixPath("app.py"): b"app\n",
    PurePosixPath("jobs/churn.yaml"): b"name: churn\n",
    PurePosixPath("models/churn/code/inference.py"): b"model\n",
}


def below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def everything_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


class Interrupted(Mapping[PurePosixPath, bytes]):
    """Files whose last one raises the error of Ctrl-C when its content is read."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getitem__(self, file: PurePosixPath) -> bytes:
        if file == list(FILES)[-1]:
            raise self._error
        return FILES[file]

    def __iter__(self) -> Iterator[PurePosixPath]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)


def test_files_are_written_to_a_new_folder_below_missing_folders(tmp_path: Path) -> None:
    write_all_new(tmp_path / "a" / "b", FILES)
    assert below(tmp_path / "a" / "b") == {str(file): content for file, content in FILES.items()}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_new_folder_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    write_all_new(tmp_path / "new", FILES)
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_files_are_written_next_to_existing_ones(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "other.yaml").write_bytes(b"other\n")
    write_all_new(tmp_path, FILES)
    assert below(tmp_path) == {
        "jobs/other.yaml": b"other\n",
        **{str(file): content for file, content in FILES.items()},
    }


def test_fails_with_every_file_that_is_in_the_way_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(b"mine\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "churn").write_bytes(b"a file where a folder must be\n")
    before = everything_below(tmp_path)
    with pytest.raises(InputError, match=r"app\.py, models/churn; move them away"):
        write_all_new(tmp_path, FILES)
    assert everything_below(tmp_path) == before
    assert (tmp_path / "app.py").read_bytes() == b"mine\n"


def test_fails_for_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "app.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(InputError, match=r"app\.py; move it away"):
        write_all_new(tmp_path, FILES)
    assert everything_below(tmp_path) == ["app.py"]


def test_fails_for_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(InputError, match="taken is not a folder"):
        write_all_new(tmp_path / "taken", FILES)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("name", [".", "new", "new/below"])
def test_nothing_is_left_of_an_interrupted_write(tmp_path: Path, name: str, error: BaseException) -> None:
    (tmp_path / "mine.txt").write_bytes(b"mine\n")
    with pytest.raises((KeyboardInterrupt, InputError)):
        write_all_new(tmp_path / name, Interrupted(error))
    assert everything_below(tmp_path) == ["mine.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_fails_for_a_folder_without_permission_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied; nothing was written"):
            write_all_new(tmp_path, FILES)
    finally:
        tmp_path.chmod(0o700)
