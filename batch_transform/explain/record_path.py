"""What happens to a record, from its object to its place in the result, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.filters.filter_words import ANSWER_FIELD, Row, csv_words, json_words, shortly
from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import is_csv
from batch_transform.job.values.wording import counted

_JSON_LINES = "application/jsonlines"
_JSON = "application/json"


@dataclass(frozen=True)
class Step:
    """One thing that happens to a record. `filter` is the JSONPath that does it; "" if bytes pass unchanged."""

    name: str
    words: str
    filter: str = ""


def record_path(spec: JobSpec, request: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the steps of a record, in order."""
    source, result = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing", {})
    content_type, accept = source.get("ContentType"), result.get("Accept")
    joined = processing.get("JoinSource") == "Input"
    is_line = source.get("SplitType", "None") == "Line"
    sent_filter, kept_filter = processing.get("InputFilter", "$"), processing.get("OutputFilter", "$")

    yield Step("record", _record(source, spec))
    yield Step("model gets", _sent(sent_filter, content_type, spec), _shown(sent_filter))
    yield Step("request", _request(request))
    yield Step("model answers", _answer(accept, spec, is_line=is_line))
    if joined:
        yield Step("joined", _join(accept, spec))
    kept = _filtered(
        kept_filter,
        accept or content_type,
        _result_row(spec, joined=joined),
        joined=joined,
        of_answer=not joined,
    )
    if joined or kept_filter != "$":
        yield Step("kept", f"The result keeps {kept}.", _shown(kept_filter))
    else:
        yield Step("kept", "The result is the model's answer, byte for byte.")
    if request.get("DataCaptureConfig", {}).get("GenerateInferenceId"):
        yield Step("identified", _identified(accept))
    yield Step("written", _assembled(result, is_paired=is_line and joined))


def _shown(text: str) -> str:
    return "" if text == "$" else text


def _record(source: Mapping[str, Any], spec: JobSpec) -> str:
    unit = {
        "Line": "one line of an object",
        "None": "one whole object",
        "RecordIO": "one RecordIO record of an object",
        "TFRecord": "one TFRecord of an object",
    }.get(source.get("SplitType", "None"), "one record")
    unpacked = ", after decompression with gzip" if source.get("CompressionType") == "Gzip" else ""
    content_type, columns = source.get("ContentType"), spec.input.columns
    word = "column" if is_csv(content_type) else "field"
    known = f", with {counted(len(columns), word)}: {shortly(columns)}" if columns else ""
    of = f", of type {content_type}" if content_type else ""
    header = (
        " A header line would be a record too."
        if is_csv(content_type) and source.get("SplitType") == "Line"
        else ""
    )
    return f"A record is {unit}{unpacked}{of}{known}.{header}"


def _sent(text: str, content_type: str | None, spec: JobSpec) -> str:
    if text == "$":
        return "The model gets the record unchanged, byte for byte."
    return f"The model gets {_filtered(text, content_type, Row.of(spec.input.columns))}."


def _request(request: Mapping[str, Any]) -> str:
    payload = request.get("MaxPayloadInMB", 6)
    if payload == 0:
        return "Each object is streamed to the model in one request."
    if request["TransformInput"].get("SplitType", "None") == "None":
        return f"Each object is sent in its own request, and must fit into {payload} MB."
    if request.get("BatchStrategy") == "SingleRecord":
        return f"Each record is sent in its own request, and must fit into {payload} MB."
    return f"Each request has as many whole records as fit into {payload} MB, in the order of the object."


def _answer(accept: str | None, spec: JobSpec, *, is_line: bool) -> str:
    asked = f"The model is asked for {accept}" if accept else "The model chooses the type of its answer"
    word = "column" if is_csv(accept) else "field"
    columns = spec.output.columns
    known = f" with {counted(len(columns), word)}: {shortly(columns)}" if columns else ""
    if is_line and (spec.data_processing.join_source == "Input" or columns):
        return f"{asked}: one line for each record{known}."
    return f"{asked}{known}."


def _join(accept: str | None, spec: JobSpec) -> str:
    if is_csv(accept):
        row = _result_row(spec, joined=True)
        many = f": {counted(len(row.head), 'column')}" if row.is_whole else ""
        return (
            "The answer's columns follow all columns of the record, including those that the model did not get"
            f"{many}."
        )
    return f"The answer is added to the whole record, as its field {ANSWER_FIELD}."


def _result_row(spec: JobSpec, *, joined: bool) -> Row:
    answer = Row.of(spec.output.columns)
    if not spec.output.columns and joined:
        return Row(head=tuple(spec.input.columns))
    return Row.of(spec.input.columns).followed_by(answer) if joined else answer


def _filtered(
    text: str, content_type: str | None, row: Row, *, joined: bool = False, of_answer: bool = False
) -> str:
    path = JsonPath.parse(text)
    if is_csv(content_type):
        return csv_words(path, row)
    if content_type and content_type.partition(";")[0].strip().lower() in {_JSON, _JSON_LINES}:
        return json_words(path, joined=joined, of_answer=of_answer)
    return (
        f"what {text} selects; filters work only on CSV and JSON, and the type is {content_type or 'not set'}"
    )


def _identified(accept: str | None) -> str:
    """Describe what GenerateInferenceId adds (Developer Guide, "Capture data from batch transform job")."""
    if is_csv(accept):
        return "Each result gets two more columns at the end: its own id, and the start time of the transform job."
    return "Each result gets two more fields: SageMakerInferenceId, and SageMakerInferenceTime, the start of the job."


def _assembled(result: Mapping[str, Any], *, is_paired: bool) -> str:
    if result.get("AssembleWith") != "Line":
        return "Results are in the order of the records, with no separator between them."
    each = ": line 7 of the result belongs to line 7 of the object" if is_paired else ""
    return f"Results are in the order of the records, each on its own line{each}."
