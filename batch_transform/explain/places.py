"""Which objects are read, and where the result of each goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.spec.output_key import output_key
from batch_transform.spec.s3_uri import S3Uri

_EXAMPLES = ("monday", "2026/tuesday")
_ENDS = {"text/csv": ".csv", "application/json": ".json", "application/jsonlines": ".jsonl"}


@dataclass(frozen=True)
class Places:
    """`words` are sentences; `examples` are addresses of objects that might be there, with those of their results."""

    words: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]


def places(request: Mapping[str, Any]) -> Places:
    """Return where a request reads and writes. Raises InvalidS3UriError for an address that is none of S3's."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    data, result = S3Uri.parse(source["S3Uri"]), S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
    end = _end(request["TransformInput"])
    names = [f"{name}{end}" for name in _EXAMPLES]
    captured = request.get("DataCaptureConfig", {}).get("DestinationS3Uri")
    lists = () if captured is None else (f"Lists of the objects read and written are put below {captured}.",)
    rest = (
        "Each object read gives one result, called like it with .out at its end; results are never put together.",
        "If a record of an object fails, that object has no result, the others go on, and the run ends as failed.",
        *lists,
    )
    if source["S3DataType"] == "ManifestFile":
        words = f"Read are the objects that the manifest {data} lists, below the prefix that its first entry tells."
        listed = S3Uri(data.bucket, "prefix/")
        examples = [_example(listed, name, result) for name in names]
        return Places((words, *rest), tuple(examples))
    if not data.key or data.key.endswith("/"):
        words = f"Read is every object below {data}."
        return Places((words, *rest), tuple(_example(data, name, result) for name in names))
    words = (
        f"Read is {data} itself, if there is such an object, and every other object whose address begins so: it is "
        f"a plain beginning of names, so {data}-old/{names[0]} is read too. Write {data}/ for a folder."
    )
    alone = output_key(data.key, data.key, result.key, alone=True)
    return Places(
        (words, *rest),
        ((str(data), str(S3Uri(result.bucket, alone))), _example(data, f"/{names[0]}", result)),
    )


def _end(source: Mapping[str, Any]) -> str:
    end = _ENDS.get(str(source.get("ContentType", "")).partition(";")[0].strip().lower(), "")
    return f"{end}.gz" if source.get("CompressionType") == "Gzip" else end


def _example(prefix: S3Uri, name: str, result: S3Uri) -> tuple[str, str]:
    key = f"{prefix.key}{name}"
    return str(S3Uri(prefix.bucket, key)), str(
        S3Uri(result.bucket, output_key(key, prefix.key, result.key, alone=False))
    )
