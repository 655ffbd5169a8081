from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.local.cloudwatch.embedded_metrics import Datum, embedded_metrics


def _line(document: dict[str, Any], *names: str, dimensions: list[list[str]] | None = None) -> str:
    directive = {
        "Namespace": "BatchTransform",
        "Dimensions": [["Job"]] if dimensions is None else dimensions,
        "Metrics": [{"Name": name, "Unit": "Count"} for name in names],
    }
    return json.dumps({"_aws": {"Timestamp": 1764036000500, "CloudWatchMetrics": [directive]}, **document})


def _datum(name: str, value: float, **dimensions: str) -> Datum:
    return Datum("BatchTransform", name, value, "Count", 1764036000.5, dimensions)


def test_each_metric_of_the_line_has_the_dimensions_that_it_names() -> None:
    line = _line({"Job": "tumours", "InputObjects": 3, "OutputObjects": 2}, "InputObjects", "OutputObjects")
    assert list(embedded_metrics(line)) == [
        _datum("InputObjects", 3, Job="tumours"),
        _datum("OutputObjects", 2, Job="tumours"),
    ]


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    line = _line({"Job": "tumours", "Objects": 3}, "Objects", dimensions=[[], ["Job"]])
    assert list(embedded_metrics(line)) == [_datum("Objects", 3), _datum("Objects", 3, Job="tumours")]


def test_a_list_is_several_values() -> None:
    line = _line({"Job": "tumours", "Seconds": [1, 2.5]}, "Seconds")
    assert [datum.value for datum in embedded_metrics(line)] == [1.0, 2.5]


def test_a_value_without_a_number_or_a_dimension_is_not_a_metric() -> None:
    assert not list(embedded_metrics(_line({"Job": "tumours", "Objects": None}, "Objects", "Absent")))
    assert not list(embedded_metrics(_line({"Objects": 1}, "Objects")))


@given(st.one_of(st.text(), st.dictionaries(st.text(), st.integers()).map(json.dumps)))
def test_any_other_line_has_no_metrics(line: str) -> None:
    assert not list(embedded_metrics(line))
