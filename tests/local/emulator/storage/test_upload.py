from __future__ import annotations

import asyncio
import hashlib
import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ministack import app  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.storage import upload
from batch_transform.local.emulator.storage.body import IN_MEMORY, Body, BodyFolder, Content

CHUNKED = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "content-encoding": "gzip,aws-chunked",
    "x-amz-trailer": "x-amz-checksum-crc32",
}
TRAILER = b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n"


def received(data: bytes, sizes: list[int], headers: dict[str, str], folder: Path) -> Content:
    """Read a request that arrives in pieces of these sizes."""
    pieces, position = [], 0
    for size in [*sizes, len(data)]:
        pieces.append(data[position : position + size])
        position += size

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers["content-length"] = str(len(data))
    return asyncio.run(upload._read(receive, headers, BodyFolder(folder)))


def in_chunks(data: bytes, size: int, signature: bytes = b"") -> bytes:
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    framed = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), signature, chunk) for chunk in chunks)
    return framed + b"0" + signature + b"\r\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=200),
    size=st.integers(1, 60),
    sizes=st.lists(st.integers(0, 30), max_size=8),
    signature=st.sampled_from([b"", b";chunk-signature=0123"]),
)
def test_chunks_are_decoded_as_by_the_emulator_however_they_arrive(
    data: bytes, size: int, sizes: list[int], signature: bytes, tmp_path: Path
) -> None:
    raw = in_chunks(data, size, signature) + TRAILER
    headers = {**CHUNKED, "x-amz-decoded-content-length": str(len(data))}
    expected = dict(headers, **{"content-length": str(len(raw))})
    assert received(raw, sizes, headers, tmp_path) == app._decode_aws_chunked_body(raw, expected) == data
    assert headers == expected
    assert headers["x-amz-checksum-crc32"] == "AAAAAA=="


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        (b"5\r\nabc", 5),  # it ends within a chunk
        (b"3\r\nabcde\r\n0\r\n\r\n", 3),  # a chunk is longer than announced
        (b"3\r\nabc\r\n", 3),  # the last chunk is missing
        (b"xyz\r\nabc\r\n0\r\n\r\n", 3),  # no size
        (b"3" * 5000, 3),  # not a valid size, and never terminated
        (in_chunks(b"abc", 3) + TRAILER, 4),  # shorter than announced
        (in_chunks(b"abc", 3) + b"\r\n", 3),  # the announced trailer is missing
    ],
)
def test_fails_for_incomplete_chunks(raw: bytes, length: int, tmp_path: Path) -> None:
    with pytest.raises(app._IncompleteRequestBody):
        received(raw, [], {**CHUNKED, "x-amz-decoded-content-length": str(length)}, tmp_path)


def test_a_large_body_is_written_to_a_file_and_hashed(tmp_path: Path) -> None:
    data = bytes(range(256)) * (IN_MEMORY // 256) + b"!"
    assert received(data[:-1], [10], {}, tmp_path) == data[:-1]
    body = received(data, [10, 70_000], {}, tmp_path)
    assert isinstance(body, Body)
    assert body.read() == data
    for file in tmp_path.iterdir():
        file.write_bytes(b"")
    assert body.digest("md5").hexdigest() == hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("path", "query", "header"),
    [
        ("/bucket/key", b"tagging", {}),
        ("/bucket", b"", {}),
        ("/bucket/key", b"", {b"content-type": b"application/x-www-form-urlencoded"}),
        (
            "/bucket/key",
            b"",
            {b"authorization": b"AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/glue/aws4_request"},
        ),
        ("/functions/f", b"", {b"host": b"lambda.localhost:4566"}),
        ("/iceberg/v1/x", b"", {}),
    ],
)
def test_a_body_that_may_not_be_an_object_is_left_to_the_emulator(
    path: str, query: bytes, header: dict[bytes, bytes]
) -> None:
    headers = {b"host": b"127.0.0.1:4566", **header}
    scope = {"method": "PUT", "path": path, "query_string": query, "headers": list(headers.items())}
    assert not isinstance(upload.marked(scope, _never), upload.ObjectReceive)


async def _never() -> Any:
    raise AssertionError


def test_clients_with_different_signatures_store_large_objects(lab: Any) -> None:
    bucket, data = lab.bucket(), b"0123456789" * 100_000
    host = urlsplit(lab.aws.endpoint_url).netloc
    presigned = urlsplit(
        lab.s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "presigned"})
    )
    chunked = {**CHUNKED, "content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(data))}
    del chunked["x-amz-trailer"]
    requests: list[tuple[str, bytes, dict[str, str]]] = [
        (f"{presigned.path}?{presigned.query}", data, {}),
        (f"/{bucket}/unsigned", data, {}),
        (f"/{bucket}/chunked", in_chunks(data, 60_000) + b"\r\n", chunked),
    ]
    for target, body, headers in requests:
        connection = http.client.HTTPConnection(host)
        connection.request("PUT", target, body, headers)
        assert connection.getresponse().status == http.client.OK
        connection.close()
    for key in ("presigned", "unsigned", "chunked"):
        assert lab.body(bucket, key) == data
