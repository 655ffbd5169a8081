"""The comment next to a field of an adopted job file, which depends on the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from batch_transform.job.errors import InvalidFilterError
from batch_transform.job.filters.filter_words import Row, csv_words, json_words
from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.values.fields import MEMBERS, comment_on
from batch_transform.job.values.media_type import is_csv


def field_comment(field: str, request: Mapping[str, Any]) -> str:
    """Return the comment for a field, given the request; "" if the line is clear without one."""
    if field in _WORDS:
        return _WORDS[field](request)
    return comment_on(field, _value(field, request)) if field in _PATHS else ""


def _data(request: Mapping[str, Any]) -> str:
    is_manifest = _value("input.data_type", request) == "ManifestFile"
    return "" if is_manifest else comment_on("input.data", _value("input.data", request))


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
        return "each record's columns, followed by the columns of the model's answer"
    return "each record, with the model's answer in its field SageMakerOutput"


def _output_filter(request: Mapping[str, Any]) -> str:
    text, accept = (_value(field, request) for field in ("data_processing.output_filter", "output.accept"))
    words = _filter_words(text, accept, joined=_is_joined(request))
    return f"kept: {words}" if words else ""


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "input.data": _data,
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
    """Return "" for an invalid filter: the rules report it."""
    try:
        path = JsonPath.parse(str(text), content_type=content_type)
    except InvalidFilterError:
        return ""
    return csv_words(path, Row()) if is_csv(content_type) else json_words(path, joined=joined)
