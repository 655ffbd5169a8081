"""Many CSV rows at a time. That they come out as each by itself is tested in `test_record_filter`."""

from __future__ import annotations

import pytest

from batch_transform.engine.answers import Answers
from batch_transform.engine.csv_lines import CsvLines
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.record_by_record import RecordByRecord
from batch_transform.engine.records import Ending, Records
from batch_transform.job.filters.json_path import JsonPath


def block(rows: list[bytes]) -> Records:
    return Records.of_text(b"\n".join(rows), 1, ended=True)


@pytest.mark.parametrize(
    "text",
    [f"$[{index}]" for index in ("0", "1", "2", "-1", "-2", "-3", "0,-1", "2,1", "-2,-3")]
    + [f"$[{ends}]" for ends in ("0:", "1:", "2:", ":2", "0:0", "1:1", "1:2", "-2:", "-2:2")],
)
@pytest.mark.parametrize(
    "row", [b"a,1,2", b"a,1,2\r", b'a,"1,0",2', b'a,"1""",2\r', b'"a",1,2', b'",a","b,","""x"']
)
def test_usual_filters_and_rows_are_not_declined(text: str, row: bytes) -> None:
    path = JsonPath.parse(text)
    fast, slow = CsvLines(path), RecordByRecord(FORMATS["CSV"], path)
    two = block([row, row])
    assert fast.filtered(two, Ending.BETWEEN) == slow.filtered(two, Ending.BETWEEN)
    joined = [each.joined(two, Answers(b"x\ny\n", split_lines=True), Ending.BETWEEN) for each in (fast, slow)]
    assert joined[0] == joined[1]


@pytest.mark.parametrize("row", [b'a"b', b'"a', b'"a"b', b"a\rb,1", b'x,"a" ,y'])
def test_declines_a_block_with_an_unusual_row(row: bytes) -> None:
    with pytest.raises(ValueError, match=r"quote|carriage return"):
        CsvLines(JsonPath.parse("$[0]")).filtered(block([b"fine,1", row]), Ending.BETWEEN)
