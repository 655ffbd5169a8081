"""Which objects a job reads, and where it writes the result of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_transform.job.aws.enums import Reconcile
from batch_transform.job.errors import InvalidS3UriError
from batch_transform.job.values.bad_records_spec import OMIT, BadRecordsSpec
from batch_transform.job.values.s3_uri import S3Uri, output_key

_EXAMPLES = ("monday", "2026/tuesday")
_ENDS = {"text/csv": ".csv", "application/json": ".json", "application/jsonlines": ".jsonl"}


@dataclass(frozen=True)
class Places:
    """`words` are sentences; `pattern` and `examples` are addresses of objects, each with the address of its result.

    `<name>` in `pattern` stands for the part that varies. Both are empty if an address is not an S3 URI: only AWS
    can interpret it.
    """

    words: tuple[str, ...]
    pattern: tuple[str, str] | None = None
    examples: tuple[tuple[str, str], ...] = ()


def places(
    request: Mapping[str, Any], bad_records: BadRecordsSpec | None = None, reconcile: str = Reconcile.OBJECTS
) -> Places:
    """Return where a request reads and writes, and what of the results fails the run."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    try:
        data, result = S3Uri.parse(source["S3Uri"]), S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
    except InvalidS3UriError as error:
        return Places((f"Where it reads and writes is up to AWS: {error}.",))
    end = _end(request["TransformInput"])
    names = [f"{name}{end}" for name in _EXAMPLES]
    rest = (_NAMES, _when_refused(bad_records), _RECONCILED[Reconcile(reconcile)], *_captured(request))
    if source["S3DataType"] == "ManifestFile":
        words = f"Reads the objects that the manifest {data} lists, under the prefix in its first entry."
        return _below(S3Uri(data.bucket, "prefix/"), names, result, (words, *rest))
    if not data.key or data.key.endswith("/"):
        return _below(data, names, result, (f"Reads every object under {data}.", *rest))
    words = (
        f"Reads {data}, if there is such an object, and every other object whose address starts with that, including "
        f"{data}-old/{names[0]}. To read only a folder, write {data}/."
    )
    alone = output_key(data.key, data.key, result.key, alone=True)
    below = _below(data, [f"/{names[0]}"], result, (words, *rest), name="/<name>")
    itself = (str(data), str(S3Uri(result.bucket, alone)))
    return Places(below.words, below.pattern, (itself, *below.examples))


_NAMES = "Each object has one result, with the same name plus .out; results are never merged."
_RECONCILED = {
    Reconcile.OBJECTS: "A run also fails if an object has no result or was replaced during the run "
    "(reconcile: objects).",
    Reconcile.RECORDS: "A run also fails if an object has no result, was replaced during the run, or has a result with "
    "more or fewer lines (reconcile: records).",
    Reconcile.OFF: 'The results are not compared with the input (reconcile: "off").',
}


def _when_refused(bad_records: BadRecordsSpec | None) -> str:
    if bad_records is None:
        return (
            "If a record of an object fails, that object has no result, the other objects are still scored, and the "
            "run fails."
        )
    instead = (
        "leaves it out"
        if bad_records.result == OMIT
        else f"writes {bad_records.result} in the place of the answer"
    )
    limits = [
        *([] if bad_records.max_count is None else [f"more than {bad_records.max_count:,} of them"]),
        *(
            []
            if bad_records.max_percent is None
            else [f"more than {bad_records.max_percent:g}% of all records"]
        ),
    ]
    return (
        f"If the model refuses a record, the run {instead}, lists it in _bad_records.jsonl and completes; "
        f"{' or '.join(limits)} fail the run (bad_records)."
    )


def _captured(request: Mapping[str, Any]) -> list[str]:
    captured = request.get("DataCaptureConfig", {}).get("DestinationS3Uri")
    return [] if captured is None else [f"Lists of the objects read and written go to {captured}."]


def _below(
    prefix: S3Uri, names: Sequence[str], result: S3Uri, words: tuple[str, ...], *, name: str = "<name>"
) -> Places:
    examples = tuple(_example(prefix, one, result) for one in names)
    return Places(words, _example(prefix, name, result), examples)


def _end(source: Mapping[str, Any]) -> str:
    end = _ENDS.get(str(source.get("ContentType", "")).partition(";")[0].strip().lower(), "")
    return f"{end}.gz" if source.get("CompressionType") == "Gzip" else end


def _example(prefix: S3Uri, name: str, result: S3Uri) -> tuple[str, str]:
    key = f"{prefix.key}{name}"
    return str(S3Uri(prefix.bucket, key)), str(
        S3Uri(result.bucket, output_key(key, prefix.key, result.key, alone=False))
    )
