"""Uploads files to S3 so that an interrupted upload can be continued and nothing is overwritten unasked.

A large file is sent in parts (S3 User Guide, "Uploading and copying objects using multipart upload"). S3 keeps the
parts of an interrupted upload: the next one lists them, compares their SHA-256 with the file, and sends only the
others. So there is no state on this machine, and another machine can continue too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import InputError, TransferError
from batch_transform.job.files.input_files import files_of
from batch_transform.job.files.regular_file import open_file
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import listed
from batch_transform.runs.transfers import AT_A_TIME, in_turn, target_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

MIB = 1024 * 1024
PART = 8 * MIB
"""Bytes in a part of a file up to 78 GiB; also the largest file that is sent whole. S3's limit is 5 MiB below and 5 GiB
above; 8 MiB is what boto3 and the AWS CLI use, so that the ETags of their uploads can be compared."""

_MOST_PARTS = 10_000
_LARGEST = 5 * 1024 * 1024 * MIB
"""In bytes, 5 TiB: parts may have up to 5 GiB. S3 has allowed 50 TB since December 2025; Batch Transform reads no such
object."""

_FEW = 20
"""So many files are looked for in a listing, fewer with a request each: the prefix may have millions of objects."""

_SHOWN = 5

OnBytes = Callable[[int], None]
Part = dict[str, Any]
"""A sent part, as CompleteMultipartUpload names it."""


class Outcome(StrEnum):
    """How a file was uploaded, or that it was there already."""

    UPLOADED = "uploaded"
    CONTINUED = "continued"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Upload:
    """A file to upload, with its size in bytes and its time of change in nanoseconds before the upload."""

    file: Path
    target: S3Uri
    size: int
    changed: int

    @property
    def part_size(self) -> int:
        """The bytes of each part but the last, in whole MiB."""
        return max(PART, -(-self.size // _MOST_PARTS // MIB) * MIB)

    def parts(self) -> range:
        """The offsets of the parts; one part for an empty file."""
        return range(0, max(self.size, 1), self.part_size)

    def read(self, offset: int) -> bytes:
        """Read a part. Raises TransferError if the file was changed."""
        with open_file(self.file) as stream:
            stream.seek(offset)
            content = stream.read(self.part_size)
        if len(content) != max(0, min(self.part_size, self.size - offset)):
            raise _changed(self.file)
        return content

    def require_unchanged(self) -> None:
        """Raise TransferError if the file was changed since the upload was planned."""
        found = self.file.stat()
        if (found.st_size, found.st_mtime_ns) != (self.size, self.changed):
            raise _changed(self.file)


@dataclass(frozen=True)
class Uploads:
    """The files to upload, in the order of their keys, and the names below their folders that are left out."""

    files: tuple[Upload, ...]
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(one.size for one in self.files)


def planned(paths: Sequence[Path], destination: S3Uri) -> Uploads:
    """Return what to upload below `destination`: each file under its name, a folder's files under their paths in it.

    Raises DataNotFoundError for a path without data, and InputError if two files would get the same key.
    """
    files: list[Upload] = []
    left_out: list[str] = []
    for path in paths:
        found = files_of(path, named=str(path))
        left_out += found.left_out
        for file in found.files:
            state = file.stat()
            if state.st_size > _LARGEST:
                raise InputError(
                    f"{file} has {state.st_size:,} bytes, more than the 5 TiB of an upload; split it"
                )
            target = target_of(path, file, destination)
            files.append(Upload(file, target, state.st_size, state.st_mtime_ns))
    twice = [key for key, count in Counter(one.target.key for one in files).items() if count > 1]
    if twice:
        both = [str(one.file) for one in files if one.target.key == twice[0]]
        raise InputError(
            f"{' and '.join(both[:2])} would both become {S3Uri(destination.bucket, twice[0])}; rename one of them, or "
            "upload the folder above them"
        )
    return Uploads(tuple(sorted(files, key=lambda one: one.target.key)), tuple(left_out))


class Uploader:
    """Uploads files. `on_bytes` is called by several threads with the bytes that were sent, or needn't be.

    `stop` ends what is in progress, with TransferError in the thread that sends: the parts that S3 has stay there.
    """

    def __init__(self, s3: S3Client, on_bytes: OnBytes = lambda _count: None) -> None:
        self._s3 = s3
        self._on_bytes = on_bytes
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End all transfers soon."""
        self._stopped.set()

    def existing(self, uploads: Uploads) -> dict[Upload, bool]:
        """Return the files whose key has an object already, each with whether that has the same content.

        The content is known to be the same by the SHA-256 that S3 keeps of what `upload` sent, or by an ETag that is an
        MD5, of an object that isn't encrypted by KMS. If neither tells, it counts as different.

        Many files are looked for in a listing first, with a request for each thousand keys. What it shows is asked for
        its checksum, and so is what lies beyond its last page.
        """
        sizes, end = self._listed(uploads.files) if len(uploads.files) >= _FEW else ({}, "")
        found: dict[Upload, bool] = {}
        asked: list[Upload] = []
        for one in uploads.files:
            size = sizes.get(one.target.key)
            if size is not None and size != one.size:
                found[one] = False
            elif size is not None or one.target.key > end:
                asked.append(one)

        def look(one: Upload) -> None:
            if (same := self._is_there(one)) is not None:
                found[one] = same

        for _ in in_turn(asked, lambda one: one.size, look, small=float("inf")):
            pass
        return {one: found[one] for one in uploads.files if one in found}

    def upload(self, files: Sequence[Upload]) -> Iterator[tuple[Upload, Outcome]]:
        """Upload the files, small ones in parallel, large ones in parallel parts. Yield each when it is there."""
        outcomes: dict[Upload, Outcome] = {}

        def send(one: Upload) -> None:
            outcomes[one] = self._whole(one) if one.size <= PART else self._in_parts(one)

        for one in in_turn(files, lambda one: one.size, send, small=PART, stop=self.stop):
            yield one, outcomes[one]

    def _listed(self, files: Sequence[Upload]) -> tuple[dict[str, int], str]:
        """Return the sizes of the objects that have the keys of files, and the last key up to which these are all.

        A page may hold nothing but other objects, so the pages are limited: half as many requests as files at most.
        """
        keys = {one.target.key for one in files}
        first, last = files[0].target, files[-1].target
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=first.bucket,
            Prefix=_common(first.key, last.key),
            StartAfter=first.key[:-1],  # which comes just before the first key
        )
        sizes: dict[str, int] = {}
        end = ""
        for page in islice(pages, len(files) // 2):
            entries = page.get("Contents", [])
            sizes |= {entry["Key"]: entry["Size"] for entry in entries if entry["Key"] in keys}
            if not page.get("IsTruncated"):
                return sizes, last.key
            end = entries[-1]["Key"] if entries else end
            if end >= last.key:
                break
        return sizes, end

    def _is_there(self, one: Upload) -> bool | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

        try:
            head = self._s3.head_object(Bucket=one.target.bucket, Key=one.target.key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"].get("Code") == "404":
                return None
            raise
        return head["ContentLength"] == one.size and _has_content(head, one)

    def _whole(self, one: Upload) -> Outcome:
        content = one.read(0)
        self._s3.put_object(
            Bucket=one.target.bucket,
            Key=one.target.key,
            Body=self._watched(content),
            ChecksumSHA256=_text(hashlib.sha256(content).digest()),
        )
        return Outcome.UPLOADED

    def _in_parts(self, one: Upload) -> Outcome:
        place: dict[str, Any] = {"Bucket": one.target.bucket, "Key": one.target.key}
        upload_id, sent = self._unfinished(one) or (
            self._s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"],
            {},
        )

        def send(number: int, offset: int) -> Part:
            if number in sent:
                self._on_bytes(min(one.part_size, one.size - offset))
                return sent[number]
            if self._stopped.is_set():
                raise _StoppedError
            content = one.read(offset)
            checksum = _text(hashlib.sha256(content).digest())
            done = self._s3.upload_part(
                **place,
                UploadId=upload_id,
                PartNumber=number,
                Body=self._watched(content),
                ChecksumSHA256=checksum,
            )
            return {"PartNumber": number, "ETag": done["ETag"], "ChecksumSHA256": checksum}

        pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="part")
        try:
            started = [pool.submit(send, number, offset) for number, offset in enumerate(one.parts(), 1)]
            parts = [future.result() for future in started]
        except BaseException:
            self.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        one.require_unchanged()
        completed: Any = {"Parts": parts}
        self._s3.complete_multipart_upload(**place, UploadId=upload_id, MultipartUpload=completed)
        return Outcome.CONTINUED if sent else Outcome.UPLOADED

    def _unfinished(self, one: Upload) -> tuple[str, dict[int, Part]] | None:
        """Return the newest unfinished upload of this content, and its parts by number.

        Anyone may have begun an upload under this key: one with a part that differs from the file isn't ours to finish.
        """
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=one.target.bucket, Prefix=one.target.key
        )
        begun = [
            found for page in pages for found in page.get("Uploads", []) if found["Key"] == one.target.key
        ]
        for found in sorted(begun, key=lambda upload: upload["Initiated"], reverse=True):
            upload_id = found["UploadId"]
            parts = self._parts_like(one, upload_id)
            if parts:
                return upload_id, parts
        return None

    def _parts_like(self, one: Upload, upload_id: str) -> dict[int, Part]:
        """Return the parts of an upload; none if one of them isn't a part of the file."""
        offsets = one.parts()
        parts: dict[int, Part] = {}
        pages = self._s3.get_paginator("list_parts").paginate(
            Bucket=one.target.bucket, Key=one.target.key, UploadId=upload_id
        )
        for page in pages:
            for part in page.get("Parts", []):
                number, checksum = part["PartNumber"], part.get("ChecksumSHA256")
                if number > len(offsets) or checksum is None:
                    return {}
                if checksum != _text(hashlib.sha256(one.read(offsets[number - 1])).digest()):
                    return {}
                parts[number] = {"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": checksum}
        return parts

    def _watched(self, content: bytes) -> _Watched:
        return _Watched(content, self._on_bytes, self._stopped)


class _StoppedError(TransferError):
    """When an upload ends because another one failed, or because of Ctrl-C."""

    def __init__(self) -> None:
        super().__init__("the upload was stopped")


class _Watched(io.BytesIO):
    """The body of a request. It reports each byte once, although a retry sends it again."""

    def __init__(self, content: bytes, on_bytes: OnBytes, stopped: threading.Event) -> None:
        super().__init__(content)
        self._on_bytes = on_bytes
        self._stopped = stopped
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if self._stopped.is_set():
            raise _StoppedError
        data = super().read(size)
        if (new := self.tell() - self._furthest) > 0:
            self._furthest += new
            self._on_bytes(new)
        return data


def _has_content(head: HeadObjectOutputTypeDef, one: Upload) -> bool:
    """Whether an object of the same size has the content of the file, as far as its checksums tell."""
    checksum, etag = head.get("ChecksumSHA256", ""), head["ETag"].strip('"')
    if checksum:
        return checksum in {_joined(one, "sha256", size, _text) for size in _part_sizes(checksum, one)}
    if head.get("ServerSideEncryption", "AES256") != "AES256" or head.get("SSECustomerAlgorithm"):
        return False
    return etag in {_joined(one, "md5", size, bytes.hex) for size in _part_sizes(etag, one)}


def _part_sizes(checksum: str, one: Upload) -> list[int]:
    """Return the size of the parts that a checksum may be of; 0 for that of the whole object."""
    return [one.part_size] if "-" in checksum else [0]


def _joined(one: Upload, algorithm: str, part_size: int, written: Callable[[bytes], str]) -> str:
    """Return the file's checksum as S3 writes it: of the whole, or that of the parts' checksums and their number."""
    whole, of_parts = hashlib.new(algorithm, usedforsecurity=False), []
    for offset in one.parts():
        content = one.read(offset)
        if part_size:
            of_parts.append(hashlib.new(algorithm, content, usedforsecurity=False).digest())
        else:
            whole.update(content)
    if not part_size:
        return written(whole.digest())
    joined = hashlib.new(algorithm, b"".join(of_parts), usedforsecurity=False).digest()
    return f"{written(joined)}-{len(of_parts)}"


def _common(first: str, last: str) -> str:
    """Return the prefix that the keys between two keys have in common."""
    size = next((at for at, one in enumerate(first) if one != last[at : at + 1]), len(first))
    return first[:size]


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _changed(file: Path) -> TransferError:
    return TransferError(f"{file} changed while it was uploaded; run the command again")


def require_replaceable(existing: dict[Upload, bool]) -> None:
    """Raise InputError if objects with other content would be overwritten."""
    others = [str(one.target) for one, is_same in existing.items() if not is_same]
    if others:
        what = "this object exists with" if len(others) == 1 else f"{len(others):,} objects exist with"
        raise InputError(
            f"{what} other content: {listed(others, _SHOWN)}; to replace "
            f"{'it' if len(others) == 1 else 'them'}, add --overwrite"
        )
