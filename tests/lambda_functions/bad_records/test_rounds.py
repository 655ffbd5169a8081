"""When a run with bad records continues, fails or ends, and what is left of it."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from importlib import resources
from typing import Any
from unittest.mock import patch

import cutting
import pytest
from bucket_store import BucketStore

from batch_transform.engine.interfaces import Answer
from batch_transform.job.errors import BadRecordsError
from checks.json_schema import faults
from engine.fake_world import line_by_line
from lambda_functions.bad_records.world import IN, OUT, SCRATCH, Story, a_request, a_run, poisoned

ECHO = line_by_line(lambda line: line)
BAD_RECORDS_SCHEMA = json.loads(
    (resources.files("batch_transform.job.record") / "bad_records.schema.json").read_text(encoding="utf-8")
)


def rows(count: int, *poison: int) -> bytes:
    return b"".join(b"%d,%s\n" % (at, b"poison" if at in poison else b"x") for at in range(1, count + 1))


def bad_lines(story: Story) -> list[int]:
    return [json.loads(line)["Line"] for line in story.listed.splitlines()]


def test_an_object_of_one_record_is_bad_without_a_further_job() -> None:
    objects = {f"{at}.csv": rows(1, *([1] if at == 3 else [])) for at in range(6)}
    story = a_run(objects, poisoned(ECHO), result="ERROR")
    assert len(story.jobs) == 1
    assert story.out("3.csv") == b"ERROR\n"
    assert (story.bad_records, bad_lines(story)) == (1, [1])


def test_objects_that_arrive_during_the_run_are_not_counted_as_bad_records() -> None:
    objects = {f"{at}.csv": rows(1, *([1] if at == 3 else [])) for at in range(6)}
    arriving = {f"0-{at}.csv": rows(1) for at in range(2)}
    story = a_run(objects, poisoned(ECHO), result="ERROR", max_count=1, arriving=arriving)
    assert story.failure is None
    assert (story.bad_records, bad_lines(story)) == (1, [1])
    assert (story.out("3.csv"), story.out("0-1.csv")) == (b"ERROR\n", b"1,x\n")


def test_more_failures_than_successes_are_the_models_fault() -> None:
    story = a_run({"a.csv": rows(3, 1, 2)}, poisoned(ECHO), result="ERROR")
    assert story.failure is not None
    assert (
        "2 of 3 sections and objects failed in round 1: it is the model, not the records"
        in story.failure["Cause"]
    )
    assert story.failure["Explanation"] == (
        "2 of 3 sections and objects failed in round 1: it is the model, not the records"
    )
    assert story.out("a.csv") is None


def test_a_model_that_breaks_between_two_rounds_is_noticed() -> None:
    bodies: list[bytes] = []

    def reply(body: bytes) -> bytes | Answer:
        bodies.append(body)
        # Several lines a section in the first round, single lines in the second.
        is_broken = any(body.count(b"\n") == 1 for body in bodies)
        return Answer(500, b"out of memory") if is_broken else poisoned(ECHO)(body)

    request = a_request(ModelClientConfig={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 0})
    with patch.multiple(cutting, MOST_OF_ONE=10):
        story = a_run({"a.csv": rows(40, 7)}, reply, request, result="ERROR")
    assert story.failure is not None
    assert "a section that had a result before failed now" in story.failure["Cause"]


def test_a_percentage_counts_the_records_of_all_objects() -> None:
    objects = {"a.csv": rows(10, 3), "b.csv": rows(90)}
    assert a_run(objects, poisoned(ECHO), result="E", max_count=None, max_percent=1).failure is None
    story = a_run(objects, poisoned(ECHO), result="E", max_count=None, max_percent=0.9)
    assert story.failure is not None
    assert "bad_records.max_percent allows 0.9 % of 100 records" in story.failure["Cause"]


def test_records_that_the_agent_refuses_are_known_before_any_further_job() -> None:
    lines = [b'1,"a', b"2,b", b"3,c", b'4,"d']
    request = a_request(join_source="Input")
    story = a_run({"a.csv": b"\n".join(lines)}, ECHO, request, max_count=1)
    assert len(story.jobs) == 1
    assert story.failure is not None
    assert story.failure["Cause"].startswith(
        "at least 2 bad records, but bad_records.max_count allows 1; such as line 1"
    )
    assert [json.loads(line)["Line"] for line in story.listed.splitlines()] == [1, 4]
    story = a_run({"a.csv": b"\n".join(lines)}, ECHO, request, max_count=2)
    assert story.out("a.csv") == b"2,b,2,b\n3,c,3,c\n"
    assert [json.loads(line)["Round"] for line in story.listed.splitlines()] == [0, 0]


def test_a_record_above_the_payload_is_left_out_and_can_be_joined() -> None:
    large = b"7," + b"x" * 2**20
    request = a_request(join_source="Input", output_filter="$[0,-1]", MaxPayloadInMB=1)
    story = a_run({"a.csv": b"1,a\n" + large + b"\n2,b\n"}, ECHO, request, result="ERROR")
    assert story.out("a.csv") == b"1,a\n7,ERROR\n2,b\n"
    assert "more than MaxPayloadInMB=1 allows" in json.loads(story.listed)["Reason"]


def test_a_record_without_an_answer_is_scored_again_with_the_jobs_own_retries() -> None:
    request = a_request(ModelClientConfig={"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 0})
    with patch.multiple(cutting, MOST_OF_ONE=8):
        story = a_run({"a.csv": rows(16, 5)}, poisoned(ECHO), request, result="ERROR")
    timeouts = [job["ModelClientConfig"]["InvocationsTimeoutInSeconds"] for job in story.jobs]
    assert timeouts == [600, 150, 600]
    assert bad_lines(story) == [5]


@pytest.mark.parametrize("answer_bytes", [100, 6 * 2**20])
def test_results_of_any_size_are_put_together_in_order(answer_bytes: int) -> None:
    def reply(line: bytes) -> bytes:
        return line[:1] * answer_bytes

    request = a_request(join_source="Input", MaxPayloadInMB=1)
    story = a_run({"a.csv": b"1\n2\npoison\n4\n"}, poisoned(line_by_line(reply)), request)
    assert story.out("a.csv") == b"".join(b"%s,%s\n" % (line, reply(line)) for line in (b"1", b"2", b"4"))


def test_fails_for_a_result_with_another_number_of_lines_than_its_section() -> None:
    def reply(body: bytes) -> bytes:
        return body + b"one more\n"

    with pytest.raises(BadRecordsError, match="let the model answer each record with one line"):
        a_run({"a.csv": rows(3, 2)}, poisoned(reply), result="ERROR")


def test_an_empty_object_is_no_bad_record() -> None:
    request = a_request(content_type="application/jsonlines", join_source="Input")
    story = a_run({"a.jsonl": b'{"a":1}\n', "b.jsonl": b""}, line_by_line(lambda _: b"1"), request)
    assert story.failure is not None
    assert "s3://data-in/churn/b.jsonl has no records; remove it" in story.failure["Cause"]


@pytest.mark.parametrize("moment", ["stored", "open"])
@pytest.mark.parametrize("compression_type", ["None", "Gzip"])
def test_an_input_that_is_deleted_while_it_is_planned_is_said_to_be_gone(
    compression_type: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted after the listing, or after its size is known."""
    data = gzip.compress(rows(5, 2)) if compression_type == "Gzip" else rows(5, 2)
    real = getattr(BucketStore, moment)

    def deleting(store: BucketStore, *place: Any) -> Any:
        store.client.objects.pop((IN, "churn/a.csv"), None)
        return real(store, *place)

    monkeypatch.setattr(BucketStore, moment, deleting)
    story = a_run({"a.csv": data}, poisoned(ECHO), a_request(compression_type=compression_type), result="E")
    assert story.failure is not None
    assert "s3://data-in/churn/a.csv was deleted while the run was in progress" in story.failure["Cause"]
    assert "no records" not in story.failure["Cause"]


def test_a_function_without_time_continues_in_its_next_call() -> None:
    objects = {f"{at}.csv": rows(5, 2) for at in range(4)} | {f"good-{at}.csv": rows(5) for at in range(4)}
    story = a_run(objects, poisoned(ECHO), result="ERROR", time_left=1.0)
    assert story.failure is None
    assert [story.out(f"{at}.csv") for at in range(4)] == [b"1,x\nERROR\n3,x\n4,x\n5,x\n"] * 4


def test_everything_is_encrypted_with_the_key_of_the_results() -> None:
    request = a_request()
    request["TransformOutput"]["KmsKeyId"] = "alias/results"
    story = a_run({"a.csv": rows(5, 2)}, poisoned(ECHO), request, result="ERROR")
    assert story.buckets.encryption == {"alias/results"}


def quoted(objects: dict[str, bytes], request: dict[str, Any], *, max_count: int = 9) -> list[Any]:
    """What the list of bad records has of each record itself."""
    story = a_run(objects, poisoned(ECHO), request, result="ERROR", max_count=max_count, keep_records=True)
    listed = [json.loads(line) for line in story.listed.splitlines()]
    assert [fault for line in listed for fault in faults(line, BAD_RECORDS_SCHEMA)] == []
    return [line.get("Record", line.get("RecordBase64", "").encode()) for line in listed]


def test_a_list_of_bad_records_quotes_none_by_default() -> None:
    story = a_run({"a.csv": rows(5, 2)}, poisoned(ECHO), result="ERROR")
    assert not {"Record", "RecordBase64"} & json.loads(story.listed).keys()


def test_kept_records_are_quoted_without_their_newline() -> None:
    data = '1,x\n2,"pöison poison"\r\n3,x\n4,x\n5,poison'.encode()
    assert quoted({"a.csv": data}, a_request()) == ['2,"pöison poison"\r', "5,poison"]


def test_kept_records_are_quoted_in_a_run_that_fails_because_of_them() -> None:
    with patch.multiple(cutting, MOST_OF_ONE=30):
        assert quoted({"a.csv": rows(20, 2, 9)}, a_request(), max_count=1) == ["2,poison", "9,poison"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (b"poison," + b"x" * 2041, "poison," + "x" * 2041),
        (b"poison," + b"x" * 2042, "poison," + "x" * 2041),
        (b"poison," + "é".encode() * 2000, "poison," + "é" * 1020),
        (b"poison," + b"\xff" * 3000, b64encode(b"poison," + b"\xff" * 2041)),
        ("poisoné".encode()[:-1], b64encode("poisoné".encode()[:-1])),
    ],
    ids=["2 KiB", "above 2 KiB", "cut within a character", "not UTF-8", "ends within a character"],
)
def test_a_kept_record_has_at_most_two_kib(record: bytes, expected: str | bytes) -> None:
    assert quoted({"a.csv": b"1,x\n2,x\n3,x\n" + record + b"\n"}, a_request()) == [expected]


def test_lines_that_the_agent_refuses_are_kept_as_well() -> None:
    request = a_request(join_source="Input")
    data = b'1,a\n2,"b' + b"c" * 3000 + b"\n3,d\n\n4,e\n"
    assert quoted({"a.csv": data}, request) == ['2,"b' + "c" * 2044]


def test_the_sections_of_one_run_are_deleted() -> None:
    story = a_run({"a.csv": rows(50, 2)}, poisoned(ECHO), result="ERROR")
    kept = (OUT, f"{SCRATCH['Key']}in/another/1/x")
    story.buckets.objects[kept] = b""
    run = story.request["TransformOutput"]["S3OutputPath"].rpartition("/")[2]
    BucketStore(story.buckets).delete_below(OUT, SCRATCH["Key"], part=f"/{run}/")
    assert [place for place in story.buckets.objects if place[1].startswith(SCRATCH["Key"])] == [kept]
