from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest

from batch_transform.job.errors import (
    BucketRegionError,
    DataNotFoundError,
    HeaderRowError,
    ModelNotFoundError,
    RowWidthError,
    RunInputError,
    UnfitDataError,
)
from batch_transform.job.request.request import Request
from fakes.budgets import NOTHING, PLENTY
from fakes.lock_bucket import FakeExecutions, LockBucket, LockBuckets
from fakes.s3 import FakeS3
from fakes.sagemaker import FakeSageMaker
from preflight import Run, checked_run
from run_lock import RunLock
from run_prices import Prices
from time_budget import TimeBudget


class NoPrices:
    """A Price List without any price."""

    def get_products(self, **_request: Any) -> Mapping[str, Any]:
        return {"PriceList": []}


NO_PRICES = Prices(lambda _region: NoPrices(), lambda: date(2026, 11, 30))


def checked(run: Run, s3: FakeS3, sagemaker: FakeSageMaker | None = None) -> dict[str, Any]:
    return checked_run(
        run,
        s3,
        lambda: sagemaker or pytest.fail("this run has its model"),
        None,
        prices=NO_PRICES,
        budget=PLENTY,
    )


def checked_request(run: Run, s3: FakeS3, sagemaker: FakeSageMaker | None = None) -> Request:
    return dict(checked(run, s3, sagemaker)["request"])


RUN_ID = "20261122T020001-1a2b3c4d"


packed = partial(gzip.compress, mtime=0)  # the names of tests hold it
GZIP = {"input.compression_type": "Gzip"}
WHOLE: dict[str, Any] = {
    "input.split_type": "None",
    "output.assemble_with": "None",
    "data_processing.join_source": "None",
    "data_processing.input_filter": "$",
    "data_processing.output_filter": "$",
}


def a_run(
    overrides: dict[str, Any] | None = None,
    *,
    output: str = "s3://out/churn/",
    declared: dict[str, Any] | None = None,
) -> Run:
    request = {
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data-in/churn/"}},
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": output, "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **(declared or {}),
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    }
    return Run(
        job="churn",
        job_file="jobs/churn.yaml",
        run=RUN_ID,
        execution="arn:aws:states:eu-west-1:1:execution:churn:a",
        request=request,
        instance_types=["ml.m5.large", "ml.m5.xlarge"],
        overrides=overrides or {},
        only_declared=True,
    )


def data(*keys: str, size: int = 10) -> FakeS3:
    return FakeS3({("data-in", key): size for key in keys})


def test_a_run_without_overrides_sends_the_declared_request_with_its_own_output_prefix() -> None:
    run = a_run()
    request = checked_request(run, data("churn/a.csv"))
    assert request["TransformOutput"]["S3OutputPath"] == f"s3://out/churn/{RUN_ID}"
    request["TransformOutput"]["S3OutputPath"] = "s3://out/churn/"
    assert request == run.request


def test_overrides_change_what_is_sent() -> None:
    overrides = {"data_processing": {"output_filter": "$[-1]"}, "transform.instance_type": "ml.m5.xlarge"}
    request = checked_request(a_run(overrides), data("churn/a.csv"))
    assert request["DataProcessing"]["OutputFilter"] == "$[-1]"
    assert request["TransformResources"]["InstanceType"] == "ml.m5.xlarge"


def test_fails_on_an_unknown_override() -> None:
    with pytest.raises(RunInputError, match="data_procesing"):
        checked_request(a_run({"data_procesing": {"output_filter": "$[-1]"}}), data("churn/a.csv"))


def test_fails_on_an_illegal_override_before_s3_is_asked() -> None:
    s3 = data("churn/a.csv")
    with pytest.raises(RunInputError, match="max_payload"):
        checked_request(a_run({"transform.max_payload": 200}), s3)
    assert s3.listings == 0


def test_a_definition_of_version_0_1_may_set_what_the_job_file_does_not_declare() -> None:
    """An execution that waited for the lock during an upgrade: its event has none of the members that came later."""
    run = replace(a_run({"transform": {"max_payload": 5, "invocations_max_retries": 1}}), only_declared=False)
    request = checked_request(run, data("churn/a.csv"))
    assert request["MaxPayloadInMB"] == 5
    assert request["ModelClientConfig"] == {"InvocationsMaxRetries": 1, "InvocationsTimeoutInSeconds": 600}


def test_fails_for_data_in_a_bucket_of_another_region() -> None:
    s3 = FakeS3({}, region="us-east-1")
    with pytest.raises(BucketRegionError) as refused:
        checked_request(a_run(), s3)
    assert str(refused.value) == (
        "the bucket data-in of s3://data-in/churn/ is in us-east-1, and the job runs in eu-west-1: use a bucket in "
        "eu-west-1, or deploy the job to us-east-1"
    )


def test_data_whose_bucket_is_in_the_region_of_the_job_passes() -> None:
    s3 = FakeS3({("data-in", "churn/a.csv"): 10}, region="eu-west-1")
    assert checked_request(a_run(), s3)["ModelName"] == "churn"


def test_fails_for_what_the_job_file_does_not_declare_with_the_line_to_add() -> None:
    s3 = data("churn/a.csv")
    run_input = {"transform": {"max_payload": 5}, "experiment_config.trial_name": "night"}
    with pytest.raises(RunInputError) as refused:
        checked_request(a_run(run_input), s3)
    payload, trial = str(refused.value).split("\n")
    assert payload.endswith("add `max_payload: 5` under `transform`, and deploy")
    assert trial.endswith('add `trial_name: "night"` under `experiment_config`, and deploy')
    assert s3.listings == 0


def test_fails_for_null_where_no_value_means_the_same() -> None:
    overrides = {"output.accept": None, "data_processing": {"join_source": "None", "output_filter": None}}
    with pytest.raises(
        RunInputError, match=r"output\.accept: the job file declares it, and AWS documents no value"
    ):
        checked_request(a_run(overrides), data("churn/a.csv"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"output.accept": None},
            'Invalid Accept: "null" when OutputFilter is: "$[0,-1]". Supported Accept values are '
            '["application/json", "application/jsonlines", "text/csv"].',
        ),
        (
            {"input.content_type": "application/x-npy", "data_processing.join_source": "None"},
            'Invalid ContentType: "application/x-npy" when InputFilter is: "$[1:]". Supported ContentType values are '
            '["application/json", "application/jsonlines", "text/csv"].',
        ),
    ],
)
def test_fails_when_a_run_removes_the_type_that_a_filter_needs(
    overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunInputError) as refused:
        checked_request(a_run(overrides), data("churn/a.csv"))
    assert message in str(refused.value)


def test_fails_when_a_run_removes_what_every_request_needs() -> None:
    with pytest.raises(RunInputError, match=r"input\.data"):
        checked_request(a_run({"input.data": None}), data("churn/a.csv"))


def test_a_run_has_the_instance_types_of_the_job_unless_it_names_its_own() -> None:
    s3 = data("churn/a.csv")
    assert checked(a_run(), s3)["instance_types"] == ["ml.m5.large", "ml.m5.xlarge"]
    one = checked(a_run({"transform.instance_type": "ml.c5.xlarge"}), s3)
    assert one["instance_types"] == ["ml.c5.xlarge"]
    several = checked(a_run({"transform": {"instance_type": ["ml.c5.xlarge", "ml.c5.2xlarge"]}}), s3)
    assert several["instance_types"] == ["ml.c5.xlarge", "ml.c5.2xlarge"]
    assert several["request"]["TransformResources"]["InstanceType"] == "ml.c5.xlarge"


def test_the_lock_is_taken_when_all_else_is_well() -> None:
    bucket = LockBucket(versioned=True)
    place = {"Bucket": "out", "Key": ".locks/churn"}
    lock = RunLock(place, bucket, FakeExecutions({}))
    with pytest.raises(DataNotFoundError):
        checked_run(a_run(), data("other/a.csv"), FakeSageMaker, lock, prices=NO_PRICES, budget=PLENTY)
    assert bucket.holder() is None
    taken = checked_run(a_run(), data("churn/a.csv"), FakeSageMaker, lock, prices=NO_PRICES, budget=PLENTY)[
        "lock"
    ]
    released = {**place, "VersionId": "v1"}
    assert taken == {"RunningExecutionArn": "", "WaitingExecutionArn": "", "Object": released}
    assert bucket.holder() == a_run().execution


LOCK_PLACE = {"Bucket": "out", "Key": ".locks/churn"}
WAITING_PLACE = {"Bucket": "out", "Key": ".locks/churn.waiting"}
OTHER, THIRD = (f"arn:aws:states:eu-west-1:1:execution:churn:{name}" for name in ("other", "third"))


def with_lock(
    buckets: LockBuckets,
    s3: FakeS3,
    run: Run | None = None,
    *,
    waits: bool = True,
    budget: TimeBudget = PLENTY,
    ended: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Check a run whose lock is in these buckets, while all other runs that haven't ended are in progress."""
    known = {one: "SUCCEEDED" if one in ended else "RUNNING" for one in (OTHER, THIRD)}
    lock = RunLock(LOCK_PLACE, buckets, FakeExecutions(known), WAITING_PLACE if waits else None)
    return checked_run(run or a_run(), s3, FakeSageMaker, lock, prices=NO_PRICES, budget=budget)


@pytest.fixture(params=[True, False], ids=["versioned", "unversioned"])
def buckets(request: pytest.FixtureRequest) -> LockBuckets:
    return LockBuckets.of(versioned=request.param)


def test_a_run_that_waits_lists_its_data_once_however_often_it_checks_the_lock(buckets: LockBuckets) -> None:
    buckets.lock.put(OTHER)
    s3 = data("churn/a.csv", "churn/b.csv", "churn/c.csv")
    waits = {"RunningExecutionArn": OTHER, "WaitingExecutionArn": "", "Object": {}}
    counts = []
    for _ in range(5):
        seen = with_lock(buckets, s3)
        counts.append(s3.listings)
        assert seen["lock"] == waits
        assert (seen["instance_types"], seen["prices"]) == (["ml.m5.large", "ml.m5.xlarge"], [False, False])
    [once] = set(counts)
    assert once > 0
    taken = with_lock(buckets, s3, ended=(OTHER,))
    assert taken["lock"]["RunningExecutionArn"] == ""
    assert (buckets.lock.holder(), buckets.waiting.holder()) == (a_run().execution, None)
    assert s3.listings == 2 * once, "the data may have changed while it waited"


@pytest.mark.parametrize("waits", [True, False], ids=["wait", "skip or fail"])
def test_a_run_that_will_not_run_looks_at_no_data(buckets: LockBuckets, waits: bool) -> None:
    buckets.lock.put(OTHER)
    if waits:
        buckets.waiting.put(THIRD)
    s3 = data()
    lock = with_lock(buckets, s3, waits=waits)["lock"]
    assert (lock["RunningExecutionArn"], lock["WaitingExecutionArn"]) == (OTHER, THIRD if waits else "")
    assert s3.listings == 0


def test_fails_on_an_unknown_override_although_another_run_is_in_progress(buckets: LockBuckets) -> None:
    buckets.lock.put(OTHER)
    with pytest.raises(RunInputError, match="data_procesing"):
        with_lock(buckets, data(), a_run({"data_procesing": {"output_filter": "$[-1]"}}))
    assert buckets.waiting.holder() is None


def test_fails_before_it_waits_for_data_that_is_soon_seen_to_be_missing(buckets: LockBuckets) -> None:
    buckets.lock.put(OTHER)
    with pytest.raises(DataNotFoundError, match="no objects below"):
        with_lock(buckets, data("other/a.csv"))
    assert buckets.waiting.holder() is None, "no other run is skipped for it"


def test_a_run_whose_data_cannot_be_listed_early_waits(
    buckets: LockBuckets, capsys: pytest.CaptureFixture[str]
) -> None:
    buckets.lock.put(OTHER)
    objects = {("data-in", f"churn/{number}"): 0 for number in range(7)} | {("data-in", "churn/z"): 1}
    assert with_lock(buckets, FakeS3(objects), budget=NOTHING)["lock"]["RunningExecutionArn"] == OTHER
    assert "not all was listed" in capsys.readouterr().out
    assert buckets.waiting.holder() == a_run().execution


def test_fails_and_holds_no_lock_if_data_was_deleted_while_the_run_waited(buckets: LockBuckets) -> None:
    buckets.lock.put(OTHER)
    with_lock(buckets, data("churn/a.csv"))
    with pytest.raises(DataNotFoundError):
        with_lock(buckets, data(), ended=(OTHER,))
    assert buckets.lock.holder() == OTHER, "the lock that the other run left, which the next run takes over"


def test_a_run_that_lost_the_lock_during_its_checks_waits(buckets: LockBuckets) -> None:
    class SlowS3(FakeS3):
        def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
            buckets.lock.put(OTHER)
            return super().paginate(**request)

    seen = with_lock(buckets, SlowS3({("data-in", "churn/a.csv"): 1}))["lock"]
    assert seen == {"RunningExecutionArn": OTHER, "WaitingExecutionArn": "", "Object": {}}
    assert buckets.waiting.holder() == a_run().execution


def test_a_run_that_has_the_lock_keeps_it_when_the_preflight_is_called_again(buckets: LockBuckets) -> None:
    first = with_lock(buckets, data("churn/a.csv"))
    buckets.waiting.put(THIRD)
    assert with_lock(buckets, data("churn/a.csv")) == first


def test_fails_when_no_object_starts_with_the_prefix() -> None:
    with pytest.raises(DataNotFoundError, match="s3://data-in/churn/"):
        checked_request(a_run(), data("other/a.csv"))


def test_fails_when_all_objects_are_empty() -> None:
    with pytest.raises(DataNotFoundError, match=r"all 3 objects below .* are empty"):
        checked_request(a_run(), data("churn/a", "churn/b", "churn/c", size=0))


def test_a_late_object_with_data_is_found_on_a_later_page() -> None:
    objects = {("data-in", f"churn/{number}"): 0 for number in range(7)} | {("data-in", "churn/z"): 1}
    assert checked_request(a_run(), FakeS3(objects))["ModelName"] == "churn"


def test_fails_when_the_output_lies_below_the_input_prefix() -> None:
    with pytest.raises(RunInputError, match="s3://data-in/churn/out"):
        checked_request(a_run(output="s3://data-in/churn/out"), data("churn/a.csv"))


COLUMNS = {"input": ["id", "age"], "output": ["label"]}


def of_text(content: bytes, key: str = "churn/a.csv") -> FakeS3:
    return FakeS3(
        {("data-in", "churn/"): 0, ("data-in", key): len(content)}, contents={("data-in", key): content}
    )


@pytest.mark.parametrize(
    ("content", "order"),
    [
        (b"id,age\n1,2\n", ""),
        (b"id,age\r\n1,2\r\n", ""),
        (b'"id", age\n', ""),
        (b"age,id\n2,1\n", ", in another order than in the job"),
        (b"id,age", ""),
    ],
    ids=["plain", "CRLF", "quotes and blanks", "another order", "nothing else"],
)
def test_fails_if_the_data_start_with_a_header_row(content: bytes, order: str) -> None:
    with pytest.raises(HeaderRowError) as caught:
        checked_request(replace(a_run(), columns=COLUMNS), of_text(content))
    assert str(caught.value).startswith(f"s3://data-in/churn/a.csv starts with a header row{order}: ")


def test_fails_when_compressed_data_begin_with_the_names_of_their_columns() -> None:
    run = replace(a_run({"input.compression_type": "Gzip"}), columns=COLUMNS)
    with pytest.raises(HeaderRowError):
        checked_request(run, of_text(packed(b"id,age\n" + b"1,2\n" * 100_000)))


@pytest.mark.parametrize(
    "content",
    [b"1,2\n", b"id,2\n", b"\n", b'"id,age\n', b'"1,5",2\n', b"\xff,\xfe", b"1," + b"2," * 40_000 + b"\n"],
    ids=["data", "half a header", "blank", "open quote", "quotes", "no UTF-8", "longer than is looked at"],
)
def test_data_without_a_header_pass(content: bytes) -> None:
    assert checked_request(replace(a_run(), columns=COLUMNS), of_text(content))


@pytest.mark.parametrize(
    ("content", "width"),
    [
        (b"1,2,3\n", "3 columns"),
        (b"1;2\n", "1 column"),
        (b"id,age,plan\n", "3 columns"),
        (b"1,2,", "3 columns"),
    ],
)
def test_fails_when_the_data_have_more_or_fewer_columns_than_the_job_names(
    content: bytes, width: str
) -> None:
    with pytest.raises(RowWidthError) as caught:
        checked_request(replace(a_run(), columns=COLUMNS), of_text(content))
    assert str(caught.value).startswith(
        f"s3://data-in/churn/a.csv starts with a row of {width}, but input.columns names 2: "
    )
    assert checked_request(a_run(), of_text(content))


def test_fails_when_compressed_data_have_another_width() -> None:
    run = replace(a_run({"input.compression_type": "Gzip"}), columns=COLUMNS)
    with pytest.raises(RowWidthError):
        checked_request(run, of_text(packed(b"1,2,3\n" * 100_000)))


MARK = b"\xef\xbb\xbf"
WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize(
    ("content", "overrides", "message"),
    [
        (
            MARK + b"1,2\n",
            {},
            "begins with a byte order mark (EF BB BF), which becomes part of the first value",
        ),
        (MARK, {}, "begins with a byte order mark"),
        *[("1,2\n".encode(name), {}, f"is {name[:6].upper()} text") for name in WIDE],
        (
            packed(b"1,2\n"),
            {},
            "is gzip data (it begins with 1F 8B), but input.compression_type is None",
        ),
        (
            b"PK\x03\x04\x14\x00",
            {},
            "is a ZIP archive (an Excel workbook is one, too) (it begins with 50 4B)",
        ),
        (b"1,2\n", GZIP, "is not gzip data, but input.compression_type is Gzip"),
        (b"\x1f\x8b\x08nothing", GZIP, "is damaged gzip data ("),
        (packed(MARK + b"1,2\n"), GZIP, "unpacked, begins with a byte order mark"),
        (
            packed("1,2".encode("utf-16")),
            GZIP,
            "is UTF-16 text (unpacked, it begins with FF FE)",
        ),
        (packed(packed(b"1,2\n")), GZIP, "is gzip data (unpacked, it begins with 1F 8B)"),
    ],
)
def test_fails_for_text_with_another_packing_or_encoding_than_the_job_declares(
    content: bytes, overrides: dict[str, Any], message: str
) -> None:
    for columns in ({}, COLUMNS):
        with pytest.raises(UnfitDataError) as refused:
            checked_request(replace(a_run(overrides), columns=columns), of_text(content))
        (line,) = str(refused.value).split("\n")
        assert line.startswith(f"s3://data-in/churn/a.csv {message}")
        assert "; " in line


@pytest.mark.parametrize(
    ("content", "overrides"),
    [
        (MARK, {**WHOLE, "input.content_type": "image/png"}),
        (packed(b"1,2\n"), {**WHOLE, "input.content_type": "application/x-npz"}),
        (b"PK\x03\x04", {**WHOLE, "input.content_type": "application/x-npz"}),
        (packed(b"1,2\n"), {**WHOLE, "input.content_type": "application/gzip"}),
        (packed(b"1,2\n"), {**WHOLE, "input.content_type": "application/x-any"}),
        (b"1\x00", WHOLE),
        (b"a\xff\xfe", WHOLE),
        (packed(b""), GZIP),
        (packed(b"1,2\n" * 100_000), GZIP),
    ],
)
def test_data_that_may_begin_like_this_passes(content: bytes, overrides: dict[str, Any]) -> None:
    assert checked_request(a_run(overrides), of_text(content))


def test_fails_for_a_header_and_a_byte_order_mark_at_once() -> None:
    with pytest.raises(UnfitDataError) as refused:
        checked_request(replace(a_run(), columns=COLUMNS), of_text(MARK + b"id,age\n1,2\n"))
    mark, header = str(refused.value).split("\n")
    assert "byte order mark" in mark
    assert "starts with a header row" in header


def test_fails_for_a_later_object_and_names_the_first_few() -> None:
    good = {("data-in", f"churn/{number:03}.csv"): b"1,2\n" for number in range(100)}
    contents = {**good, ("data-in", "churn/000.csv.bak"): MARK, ("data-in", "churn/1.csv"): MARK}
    sizes = {place: len(content) for place, content in contents.items()}
    with pytest.raises(UnfitDataError, match=r"^s3://data-in/churn/000\.csv\.bak begins with [^\n]*$"):
        checked_request(a_run(), FakeS3(sizes, contents=contents))  # the last one is the 102nd
    bad = {("data-in", f"churn/{number}.csv"): MARK for number in range(8)}
    with pytest.raises(UnfitDataError) as refused:
        checked_request(a_run(), FakeS3(dict.fromkeys(bad, 3), contents=bad))
    assert str(refused.value).split("\n")[5:] == ["and 3 more of the first 8 objects"]


MIB = 1024 * 1024
PAYLOAD = {"MaxPayloadInMB": 6}


@pytest.mark.parametrize(
    ("size", "overrides", "message"),
    [
        (2 * MIB + 1, {**WHOLE, "transform.max_payload": 2}, "MaxPayloadInMB is 2 (2,097,152 bytes); write"),
        (100 * MIB + 1, WHOLE, "MaxPayloadInMB can be at most 100 (104,857,600 bytes); write"),
    ],
)
def test_fails_for_a_later_object_that_is_one_request_and_larger_than_the_payload(
    size: int, overrides: dict[str, Any], message: str
) -> None:
    keys = {("data-in", f"churn/{number:04}"): 1 for number in range(1500)} | {("data-in", "churn/z"): size}
    with pytest.raises(UnfitDataError) as refused:
        checked_request(
            a_run(overrides, declared=PAYLOAD if "transform.max_payload" in overrides else None),
            FakeS3(keys, page_size=1000),
        )
    assert str(refused.value).startswith(
        f"s3://data-in/churn/z is not split, so it is one request of {size:,} bytes, but "
    )
    assert message in str(refused.value)


def test_objects_that_there_is_no_time_to_look_at_are_left_to_the_transform_job(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys = {("data-in", f"churn/{number:04}"): 1 for number in range(10)} | {
        ("data-in", "churn/z"): 101 * MIB
    }
    assert checked_run(a_run(WHOLE), FakeS3(keys), FakeSageMaker, None, prices=NO_PRICES, budget=NOTHING)
    assert "the first 2 objects below s3://data-in/churn/" in capsys.readouterr().out


def test_a_million_unfit_objects_are_not_all_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("input_objects.MOST_UNFIT", 7)
    keys = {("data-in", f"churn/{number:04}"): 101 * MIB for number in range(50)}
    with pytest.raises(UnfitDataError, match="and 2 more of the first 7 objects"):
        checked_request(a_run(WHOLE), FakeS3(keys))


@pytest.mark.parametrize(
    ("size", "overrides"),
    [
        (2 * MIB, {**WHOLE, "transform.max_payload": 2}),
        (7 * MIB, WHOLE),  # the container may take up to 100 MB
        (101 * MIB, {**WHOLE, "transform.max_payload": 0}),
        (3 * MIB, {"transform.max_payload": 2}),
        (3 * MIB, {**WHOLE, **GZIP, "transform.max_payload": 2}),
        (
            3 * MIB,
            {**WHOLE, "input.content_type": "application/json", "data_processing.input_filter": "$.a"}
            | {"transform.max_payload": 2},
        ),
    ],
)
def test_an_object_that_may_fit_passes(size: int, overrides: dict[str, Any]) -> None:
    declared = PAYLOAD if "transform.max_payload" in overrides else None
    assert checked_request(a_run(overrides, declared=declared), data("churn/a.csv", size=size))


@pytest.mark.parametrize("results", [1, 200])
def test_fails_for_the_output_prefix_of_a_run_whose_record_would_be_scored(results: int) -> None:
    s3 = data(*(f"churn/{number:03}.csv.out" for number in range(results)), "churn/_run.json")
    with pytest.raises(UnfitDataError, match=r"s3://data-in/churn/_run\.json is a file of a run's record"):
        checked_request(a_run(), s3)
    assert checked_request(a_run({"input.data_type": "ManifestFile"}), s3)


@pytest.mark.parametrize("results", [1, 200])
def test_fails_for_the_output_of_a_job_with_the_record_of_a_run_in_a_folder(results: int) -> None:
    run = "20261122T020001-1a2b3c4d"
    names = [f"churn/{run}/{number:03}.csv.out" for number in range(results)]
    s3 = data(*names, f"churn/{run}/_run.json", "churn/20251122T020001-1a2b3c4d/of-release-0.1.csv.out")
    with pytest.raises(
        UnfitDataError, match=rf"s3://data-in/churn/{run}/_run\.json is a file of a run's record"
    ):
        checked_request(a_run(), s3)
    assert checked_request(a_run(), data(*names, "churn/20261122/_runs/x"))


def test_a_manifest_is_no_data() -> None:
    run = a_run({"input.data_type": "ManifestFile"})
    assert checked_request(run, of_text(MARK + b'[{"prefix": "s3://data-in/"}]'))


def test_data_that_only_the_job_may_read_and_data_without_names_are_not_looked_at() -> None:
    assert checked_request(replace(a_run(), columns=COLUMNS), data("churn/a.csv"))
    assert checked_request(a_run(), of_text(b"id,age\n"))


def test_columns_that_are_called_by_number_may_look_like_data() -> None:
    numbered = replace(a_run(), columns={"input": ["0", "1"], "output": ["label"]})
    assert checked_request(numbered, of_text(b"1,0\n"))
    with pytest.raises(RowWidthError):
        checked_request(numbered, of_text(b"1,0,2\n"))


def test_a_run_may_give_filters_by_the_jobs_names() -> None:
    overrides = {"data_processing": {"send_except": ["id"], "keep": ["label"]}}
    request = checked_request(replace(a_run(overrides), columns=COLUMNS), data("churn/a.csv"))
    assert request["DataProcessing"] == {
        "InputFilter": "$[1]",
        "JoinSource": "Input",
        "OutputFilter": "$[-1]",
    }


def test_fails_for_names_that_the_job_does_not_give() -> None:
    with pytest.raises(RunInputError, match=r"'labl' is not in .*; did you mean label"):
        checked_request(
            replace(a_run({"data_processing.keep": ["labl"]}), columns=COLUMNS), data("churn/a.csv")
        )


def test_a_run_uses_the_model_that_the_endpoint_serves_now() -> None:
    sagemaker = FakeSageMaker(endpoints={"live": [{"ModelName": "churn-v7"}, {"ModelName": "churn-v7"}]})
    run = replace(a_run(), model={"endpoint": "live"})
    assert checked_request(run, data("churn/a.csv"), sagemaker)["ModelName"] == "churn-v7"


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ([{"ModelName": "a"}, {"ModelName": "b"}], r"serves 2 models \(a, b\)"),
        ([{"VariantName": "AllTraffic"}], "names no model"),
        (None, "cannot be described: ValidationException: Could not find endpoint"),
    ],
)
def test_fails_for_an_endpoint_without_just_one_model(
    variants: list[dict[str, str]] | None, message: str
) -> None:
    sagemaker = FakeSageMaker(endpoints={} if variants is None else {"live": variants})
    with pytest.raises(ModelNotFoundError, match=message):
        checked_request(replace(a_run(), model={"endpoint": "live"}), data("churn/a.csv"), sagemaker)


PACKAGE = {
    "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:1:model-package/churn/7",
    "ModelPackageStatus": "Completed",
}
BROKEN = {
    "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:1:model-package/churn/8",
    "ModelPackageStatus": "Failed",
}
FROM_GROUP: dict[str, Any] = {"package_group": "churn", "role": "arn:aws:iam::123456789012:role/models"}


def test_a_run_makes_a_model_of_the_newest_approved_package_once() -> None:
    sagemaker = FakeSageMaker(packages={"churn": [BROKEN, PACKAGE]})
    run = replace(a_run(), model={**FROM_GROUP, "env": {"A": "b"}, "enable_network_isolation": True})
    name = checked_request(run, data("churn/a.csv"), sagemaker)["ModelName"]
    assert re.fullmatch(r"churn-[0-9a-f]{16}", name)
    assert sagemaker.models == {
        name: {
            "ExecutionRoleArn": FROM_GROUP["role"],
            "PrimaryContainer": {"ModelPackageName": PACKAGE["ModelPackageArn"], "Environment": {"A": "b"}},
            "EnableNetworkIsolation": True,
        }
    }
    assert checked_request(run, data("churn/a.csv"), sagemaker)["ModelName"] == name
    other = replace(run, model=FROM_GROUP)
    assert checked_request(other, data("churn/a.csv"), sagemaker)["ModelName"] != name
    assert len(sagemaker.models) == 2


@pytest.mark.parametrize(
    ("packages", "message"),
    [
        ({"churn": []}, "has no approved package"),
        ({"churn": [BROKEN]}, "has no approved package"),
        ({}, "cannot be listed: ValidationException: ModelPackageGroup churn does not exist"),
    ],
)
def test_fails_for_a_package_group_without_an_approved_package(
    packages: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelNotFoundError, match=message):
        checked_request(
            replace(a_run(), model=FROM_GROUP), data("churn/a.csv"), FakeSageMaker(packages=packages)
        )


def test_no_model_is_made_for_a_run_that_is_refused() -> None:
    sagemaker = FakeSageMaker(packages={"churn": [PACKAGE]})
    with pytest.raises(DataNotFoundError):
        checked_request(replace(a_run(), model=FROM_GROUP), data("other/a.csv"), sagemaker)
    assert sagemaker.models == {}
