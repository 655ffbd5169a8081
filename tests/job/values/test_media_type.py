from __future__ import annotations

import pytest

from batch_transform.job.values.media_type import is_binary


@pytest.mark.parametrize(
    "type_",
    [
        "application/x-npy",
        "application/x-npz",
        "application/x-parquet",
        "application/vnd.apache.parquet",
        "application/octet-stream",
        "application/x-recordio",
        "application/x-recordio-protobuf",
        "application/x-protobuf",
        "application/vnd.google.protobuf",
        "application/x-image",
        "image/png",
        "IMAGE/JPEG; quality=1",
        "audio/wav",
        "video/mp4",
        "application/pdf",
        "application/zip",
        "application/x-pickle",
        "application/x-hdf5",
        "application/avro",
        "application/vnd.apache.arrow.stream",
        "application/senml+cbor",
        "application/vnd.msgpack",
    ],
)
def test_a_type_of_binary_data_has_no_lines(type_: str) -> None:
    assert is_binary(type_)


@pytest.mark.parametrize(
    "type_",
    [
        None,
        "text/csv",
        "text/libsvm",
        "application/json",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/ld+json",
        "application/vnd.image-tags+json",
        "application/vnd.image-tags+csv",
        "application/vnd.image-tags+yaml",
        "application/vnd.image-tags+json-seq",
        "text/vnd.pdf",
        "image/svg+xml",
        "application/xml",
        "application/x-text",
        "application/x-mine",
        "application/csv",
        "application/x-www-form-urlencoded",
        "prototype/thing",
    ],
)
def test_a_text_type_or_an_unknown_type_may_have_lines(type_: str | None) -> None:
    assert not is_binary(type_)
