"""What a line of a job file does, in a few words that depend on its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from batch_transform.job.aws.members import MEMBERS
from batch_transform.job.errors import InvalidFilterError
from batch_transform.job.filters.filter_words import Row, csv_words, json_words
from batch_transform.job.filters.json_path import JsonPath, is_csv

_COMMENTS: dict[str, str | dict[object, str]] = {
    "input.data_type": {"ManifestFile": "data is a manifest that lists the objects"},
    "input.compression_type": {"Gzip": "each object is unpacked before it is split"},
    "input.split_type": {"Line": "each line is one record; a header line is one too"},
    "output.path": "each run writes below a folder of its own in there",
    "output.accept": "what the model is asked to answer",
    "output.assemble_with": {"Line": "each result ends with a newline"},
    "transform.strategy": {
        "MultiRecord": "as many records in a request as max_payload takes",
        "SingleRecord": "one record in a request",
    },
    "transform.env": "for this job, beside the model's own",
    "transform.invocations_timeout_in_seconds": "for one request",
    "transform.invocations_max_retries": "for one request",
}


def field_comment(field: str, request: Mapping[str, Any]) -> str:
    """Return the comment on a field of a request's job file; empty where the line says it all."""
    if field in _WORDS:
        return _WORDS[field](request)
    comment = _COMMENTS.get(field, "")
    return comment if isinstance(comment, str) else comment.get(_value(field, request), "")


def _data(request: Mapping[str, Any]) -> str:
    is_manifest = _value("input.data_type", request) == "ManifestFile"
    return "" if is_manifest else "every object whose key begins with this"


def _instance_count(request: Mapping[str, Any]) -> str:
    is_one = _value("transform.instance_count", request) == 1
    return "" if is_one else "objects are shared out among instances, and none is divided"


def _max_payload(request: Mapping[str, Any]) -> str:
    is_streamed = _value("transform.max_payload", request) == 0
    return "each object is streamed to the model" if is_streamed else "MB in one request, at most"


def _max_concurrent_transforms(request: Mapping[str, Any]) -> str:
    is_open = _value("transform.max_concurrent_transforms", request) == 0
    return "as many as the container says, or 1" if is_open else "requests at a time to each instance"


def _input_filter(request: Mapping[str, Any]) -> str:
    text, content_type = (
        _value(field, request) for field in ("data_processing.input_filter", "input.content_type")
    )
    words = _filter_words(text, content_type, joined=False)
    return f"the model gets {words}" if words else ""


def _join_source(request: Mapping[str, Any]) -> str:
    if not _is_joined(request):
        return ""
    if is_csv(_value("output.accept", request)):
        return "each record's columns, followed by those of the model's answer"
    return "each record, with the model's answer in its field SageMakerOutput"


def _output_filter(request: Mapping[str, Any]) -> str:
    text, accept = (_value(field, request) for field in ("data_processing.output_filter", "output.accept"))
    words = _filter_words(text, accept, joined=_is_joined(request))
    return f"kept: {words}" if words else ""


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "input.data": _data,
    "transform.instance_count": _instance_count,
    "transform.max_payload": _max_payload,
    "transform.max_concurrent_transforms": _max_concurrent_transforms,
    "data_processing.input_filter": _input_filter,
    "data_processing.join_source": _join_source,
    "data_processing.output_filter": _output_filter,
}
_PATHS = {member.field: member.path for member in MEMBERS}


def _value(field: str, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a JSON request
    node: Any = request
    for name in _PATHS[field]:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, (str, int)) else None


def _is_joined(request: Mapping[str, Any]) -> bool:
    return bool(_value("data_processing.join_source", request) == "Input")


def _filter_words(text: object, content_type: str | None, *, joined: bool) -> str:
    """Return nothing for what is no filter: the rules say what is wrong with it."""
    try:
        path = JsonPath.parse(str(text), content_type=content_type)
    except InvalidFilterError:
        return ""
    return csv_words(path, Row()) if is_csv(content_type) else json_words(path, joined=joined)
