"""Model archives are unpacked as for a container."""

from __future__ import annotations

import contextlib
import errno
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_transform.job.errors import TransformJobError
from batch_transform.local.model_server.archive import ModelArchives

URL = "s3://models/churn/model.tar.gz"


class OneObject:
    """An S3 that holds one object, or none."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body

    def get_object(self, **_address: str) -> dict[str, Any]:
        if self.body is None:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "there is none"}}, "GetObject")
        return {"ETag": str(hash(self.body)), "Body": io.BytesIO(self.body)}


def packed(*members: tarfile.TarInfo, text: bytes = b"weights") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            member.size = len(text) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(text) if member.isreg() else None)
    return buffer.getvalue()


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.fixture
def archives(tmp_path: Path) -> Iterator[ModelArchives]:
    yield ModelArchives(tmp_path / "models")
    assert not list((tmp_path / "models").glob("*.part"))
    assert not (tmp_path / "outside").exists()


def test_a_model_without_data_is_an_empty_folder(archives: ModelArchives) -> None:
    assert list(archives.unpack(OneObject(None), None).iterdir()) == []


def test_unpacks_files_in_folders(archives: ModelArchives) -> None:
    folder = archives.unpack(OneObject(packed(tarfile.TarInfo("code/weights.bin"))), URL)
    assert (folder / "code/weights.bin").read_bytes() == b"weights"


def test_the_same_version_is_unpacked_once(archives: ModelArchives) -> None:
    s3 = OneObject(packed(tarfile.TarInfo("a")))
    first = archives.unpack(s3, URL)
    inode = (first / "a").stat().st_ino
    assert (archives.unpack(s3, URL) / "a").stat().st_ino == inode


def test_a_new_version_gets_a_folder_of_its_own(archives: ModelArchives) -> None:
    s3 = OneObject(packed(tarfile.TarInfo("a")))
    first = archives.unpack(s3, URL)
    s3.body = packed(tarfile.TarInfo("a"), text=b"better")
    second = archives.unpack(s3, URL)
    assert [(each / "a").read_bytes() for each in (first, second)] == [b"weights", b"better"]


@pytest.mark.parametrize(
    "member",
    [tarfile.TarInfo("../../outside"), link("code", "../../outside"), link("code", "/etc")],
    ids=["a path that leads out", "a link that leads out", "a link to a path of the machine"],
)
def test_refuses_members_outside_the_folder(archives: ModelArchives, member: tarfile.TarInfo) -> None:
    with pytest.raises(TransformJobError, match=r"with relative paths only$"):
        archives.unpack(OneObject(packed(member)), URL)


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "members",
    [
        [tarfile.TarInfo("a"), tarfile.TarInfo("a/b")],
        [tarfile.TarInfo("a\0b")],
        [tarfile.TarInfo("x" * 300)],
        [tarfile.TarInfo("/".join(["x" * 200] * 30))],
        [special("pipe", tarfile.FIFOTYPE)],
        [special("device", tarfile.CHRTYPE)],
        [special("hard", tarfile.LNKTYPE, "../../outside")],
        [special("self", tarfile.LNKTYPE, "self")],
        [link("up", "../.."), tarfile.TarInfo("up/outside")],
    ],
    ids=[
        "file and folder",
        "NUL",
        "long name",
        "long path",
        "pipe",
        "device",
        "hard link out",
        "hard link to itself",
        "through a link",
    ],
)
def test_refuses_members_that_are_not_files_below_the_folder(
    archives: ModelArchives, members: list[tarfile.TarInfo]
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            if "\0" in member.name:  # only an extended header can have such a name
                member.pax_headers, member.name = {"path": member.name}, "a"
            archive.addfile(member)
    with pytest.raises(TransformJobError, match=r"^ClientError: Failed to extract model data archive"):
        archives.unpack(OneObject(buffer.getvalue()), URL)


_NAMES = st.lists(
    st.one_of(st.sampled_from(["", ".", "..", "a", "b", "\\", "x" * 300]), st.text(max_size=3)),
    min_size=1,
    max_size=5,
).map("/".join)
_MEMBERS = st.one_of(
    st.builds(tarfile.TarInfo, _NAMES),
    st.builds(special, _NAMES, st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE]), _NAMES),
)


def is_inside(path: Path, folder: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return True  # a link to itself is invalid, whatever `resolve` returns
    return path.resolve().is_relative_to(folder.resolve())


@settings(deadline=None)
@given(members=st.lists(_MEMBERS, max_size=5))
def test_no_member_is_written_outside(members: list[tarfile.TarInfo]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", errors="surrogatepass") as archive:
        for member in members:
            archive.addfile(member)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        with contextlib.suppress(TransformJobError):
            folder = ModelArchives(root / "own" / "models").unpack(OneObject(buffer.getvalue()), URL)
            assert all(is_inside(path, folder) for path in folder.rglob("*"))
        assert [path.name for path in root.iterdir()] == ["own"]
        assert [path.name for path in (root / "own").iterdir()] == ["models"]
        assert len(list((root / "own" / "models").iterdir())) <= 1


def test_an_absolute_path_is_kept_inside_the_folder(archives: ModelArchives) -> None:
    folder = archives.unpack(OneObject(packed(tarfile.TarInfo("/code/inference.py"))), URL)
    assert (folder / "code/inference.py").exists()


@pytest.mark.parametrize(
    "body",
    [b"not an archive", b"", packed(tarfile.TarInfo("a" * 60))[:-30]],
    ids=["something else", "nothing", "one that was cut off"],
)
def test_fails_when_the_archive_is_incomplete(archives: ModelArchives, body: bytes) -> None:
    with pytest.raises(
        TransformJobError, match=r"^ClientError: Failed to extract model data archive from s3://"
    ):
        archives.unpack(OneObject(body), URL)


def test_fails_when_there_is_no_such_object(archives: ModelArchives) -> None:
    with pytest.raises(
        TransformJobError, match=r"^ClientError: Failed to download model data from s3://models"
    ):
        archives.unpack(OneObject(None), URL)


def test_fails_for_an_invalid_address(archives: ModelArchives) -> None:
    with pytest.raises(TransformJobError, match="Failed to download model data from models/churn"):
        archives.unpack(OneObject(b""), "models/churn")
