"""Rules for `bad_records`: only jobs whose results can be put together exactly can leave records out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from batch_transform.job.errors import InvalidFilterError, Problem
from batch_transform.job.filters.json_path import Index, Indexes, JsonPath, Name, Names, Slice
from batch_transform.job.rules.request_values import RequestValues
from batch_transform.job.values.bad_records_spec import OMIT, BadRecordsSpec
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.media_type import CSV, FILTERABLE, JSON_LINES, media_type
from batch_transform.job.values.wording import shown

_SPLIT = "input.split_type"
_STRATEGY = "transform.strategy"
_ASSEMBLE = "output.assemble_with"
_ACCEPT = "output.accept"
_CONTENT_TYPE = "input.content_type"
_JOIN_SOURCE = "data_processing.join_source"
_OUTPUT_FILTER = "data_processing.output_filter"
_CAPTURE = "batch_data_capture_config.destination_s3_uri"
_RESULT = "bad_records.result"

_FIELDS = (_SPLIT, _STRATEGY, _ASSEMBLE, _ACCEPT, _CONTENT_TYPE, _JOIN_SOURCE, _OUTPUT_FILTER, _CAPTURE)


def bad_records_problems(values: RequestValues, bad_records: BadRecordsSpec) -> Iterator[Problem]:
    """Check that a job with `bad_records` has a limit, and results that can be put together exactly."""
    if bad_records.max_count is None and bad_records.max_percent is None:
        yield Problem(
            "bad-records-unlimited",
            "bad_records",
            "has no limit; write max_count, max_percent, or both: a run with more bad records fails",
        )
    if not knows_all(values) or is_token(bad_records.result):
        return
    if values.has(_CAPTURE):
        yield Problem(
            "bad-records-captured",
            _CAPTURE,
            "data is captured, but bad_records scores parts of objects again, which would be captured as well; leave "
            "one of the two out",
        )
    split = values.text(_SPLIT) or "None"
    if split != "Line":
        yield Problem(
            "bad-records-need-lines",
            _SPLIT,
            f"is {split}, but bad_records cuts objects at newlines; write Line, or leave bad_records out",
        )
        return
    is_joined = values.text(_JOIN_SOURCE) == "Input"
    if not is_joined:
        yield from _exact(values)
    yield from _result(values, bad_records.result, is_joined=is_joined)


def knows_all(values: RequestValues) -> bool:
    """Whether these rules can be checked: no value that they need is open."""
    return values.knows(*_FIELDS)


def _exact(values: RequestValues) -> Iterator[Problem]:
    """A request with several records may have one answer for all of them, and the records another one when cut."""
    if values.text(_STRATEGY) == "SingleRecord":
        return
    if (values.text(_ASSEMBLE) or "None") == "None":
        yield Problem(
            "bad-records-inexact",
            _ASSEMBLE,
            "is None, so nothing shows where the answer to a record ends, and bad_records can't put results together; "
            "write output.assemble_with: Line, transform.strategy: SingleRecord, or join_source: Input",
        )
        return
    type_ = media_type(values.text(_ACCEPT) or values.text(_CONTENT_TYPE))
    if type_ is None or not (type_ in {CSV, JSON_LINES} or type_.startswith("text/")):
        has = f"is {type_}" if type_ else "is missing"
        yield Problem(
            "bad-records-inexact",
            _ACCEPT,
            f"{has}, so a request with several records may have one answer, and bad_records can't put results "
            f"together; write {CSV} or {JSON_LINES}, transform.strategy: SingleRecord, or join_source: Input",
        )


def _result(values: RequestValues, result: str, *, is_joined: bool) -> Iterator[Problem]:
    if result == OMIT:
        if not is_joined:
            yield Problem(
                "bad-records-omit-unjoined",
                _RESULT,
                "is omit, but without a join only its line number says which record a result belongs to, and every "
                "later result would move up; write a text, such as result: ERROR, or join_source: Input",
            )
        elif _keeps_answer_alone(values):
            yield Problem(
                "bad-records-omit-unjoined",
                _RESULT,
                "is omit, but the output filter keeps nothing of the record, so nothing says which record a result "
                "belongs to; keep an id as well, or write a text, such as result: ERROR",
            )
        return
    type_ = media_type(values.text(_ACCEPT) or values.text(_CONTENT_TYPE))
    if type_ == CSV and is_joined and not _is_row(result):
        yield Problem(
            "bad-records-result-unfit",
            _RESULT,
            f"{shown(result)} isn't a CSV row, and takes the place of the model's answer in a join; write it without "
            "quotation marks, or double those inside quotation marks",
        )
    elif type_ in FILTERABLE and type_ != CSV and not _is_json(result):
        yield Problem(
            "bad-records-result-unfit",
            _RESULT,
            f"{shown(result)} isn't JSON, but the results are; write 'null', for example, or '{{\"error\": true}}'",
        )


def _keeps_answer_alone(values: RequestValues) -> bool:
    """Whether the output filter of a join selects nothing of the record."""
    text = values.text(_OUTPUT_FILTER)
    if text is None:
        return False
    try:
        steps = JsonPath.parse(text, member="OutputFilter", content_type=values.text(_ACCEPT)).steps
    except InvalidFilterError:
        return False  # another rule reports it
    kept: set[object]
    match steps[0] if steps else None:
        case Name(one) | Index(one) | Slice(one):
            kept = {one}
        case Names(several) | Indexes(several):
            kept = set(several)
        case _:
            return False
    return kept in ({"SageMakerOutput"}, {-1})


def _is_row(text: str) -> bool:
    """Whether SageMaker reads a line as a row: it refuses a quotation mark inside a cell without quotation marks."""
    return re.fullmatch(rf"{_CELL}(,{_CELL})*", text) is not None


_CELL = r'("([^"]|"")*"|[^",]*)'


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON doesn't have."""
    raise ValueError(constant)
