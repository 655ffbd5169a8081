from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import UnfitDataError
from batch_transform.runs.input_check import require_fit


def a_request(data_type: str = "S3Prefix", **members: Any) -> dict[str, Any]:
    place = {"S3DataSource": {"S3DataType": data_type, "S3Uri": "s3://b/in/"}}
    return {"TransformInput": {"DataSource": place, "ContentType": "text/csv"}, **members}


def files(folder: Path, **contents: bytes) -> list[Path]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


def test_fails_for_every_unfit_file_at_once_and_names_them(tmp_path: Path) -> None:
    found = files(tmp_path, good=b"1,2\n", empty=b"", mark=b"\xef\xbb\xbf1,2\n", packed=b"\x1f\x8b\x08")
    with pytest.raises(UnfitDataError) as refused:
        require_fit(found, a_request())
    mark, packed = str(refused.value).split("\n")
    assert mark.startswith(f"{tmp_path / 'mark'} begins with a byte order mark")
    assert packed.startswith(f"{tmp_path / 'packed'} is gzip data")
    require_fit(found, a_request("ManifestFile"))


def test_fails_for_a_file_that_no_request_takes(tmp_path: Path) -> None:
    found = files(tmp_path, large=b"x" * (2**20 + 1), small=b"x" * 2**20)
    with pytest.raises(
        UnfitDataError, match=r"^[^\n]*large is not split, so it is one request of 1,048,577 bytes[^\n]*$"
    ):
        require_fit(found, a_request(MaxPayloadInMB=1))
    require_fit(found, a_request(MaxPayloadInMB=2))
