"""The plan of a retry, in a store in memory: which objects it names, and what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.interfaces import InputObject
from batch_transform.engine.selection import selected_objects
from batch_transform.engine.settings import effective_settings
from batch_transform.job.errors import RetryError, TransformSettingsError
from batch_transform.job.values.run import run_id
from fakes.budgets import PLENTY
from fakes.object_store import ObjectStore
from lambda_functions.test_steps import ARN, BEGAN, DECLARED, REQUEST, NoJobs
from retries import continued, holder
from retry_plan import RetryPlan
from run_record import Ending, Run
from steps import RecordSteps

RETRIED = run_id(ARN, BEGAN)
SECOND = f"{ARN}-again"
Names = Mapping[str, bytes]


def request_on(uri: str, *, data_type: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}}
    return {**REQUEST, **more, "TransformInput": {"SplitType": "Line", "DataSource": source}}


def a_run(request: dict[str, Any], *, retry_of: str = "", arn: str = ARN, **more: Any) -> Run:
    name = run_id(arn, BEGAN)
    output = {**request["TransformOutput"], "S3OutputPath": f"s3://out/churn/{name}"}
    return Run(
        job="churn",
        job_file="",
        run_id=name,
        execution_arn=arn,
        start_time="2026-11-22T02:00:01.000Z",
        input={"retry_of": retry_of, **more} if retry_of else {},
        output=DECLARED,
        reconcile="objects",
        request={**request, "TransformOutput": output},
    )


def failed(store: Any, request: dict[str, Any], served: Names, outcome: str = "Failed") -> None:
    """Leave what a run leaves that failed after these results."""
    steps = RecordSteps(a_run(request), store, NoJobs())
    steps.list_inputs(PLENTY)
    for name, body in served.items():
        store.put(f"s3://out/churn/{RETRIED}/{name}", body)
    steps.write(Ending(outcome, "2026-11-22T02:01:00.000Z", attempts=1), PLENTY)


def planned(store: Any, request: dict[str, Any], arn: str = SECOND, **more: Any) -> dict[str, Any]:
    run = a_run(request, retry_of=RETRIED, arn=arn, **more)
    return RetryPlan(run, store, NoJobs(), lambda _arn: None).plan(PLENTY)


def file_of(store: Any, name: str) -> Any:
    return json.loads(store.objects["out", f"churn/{RETRIED}/{name}"])


def with_input(*names: str) -> Any:
    store = ObjectStore(page_size=3)
    for name in names:
        store.put(f"s3://in/{name}", b"1,2\n")
    return store


@pytest.mark.parametrize(
    ("uri", "names", "served", "manifest"),
    [
        (
            "s3://in/churn/",
            ["churn/a", "churn/b/c", "churn/b-c", "churn/é/ f"],
            {"a.out": b""},
            [{"prefix": "s3://in/churn/"}, "b-c", "b/c", "é/ f"],
        ),
        # A prefix that ends within a name.
        ("s3://in/ch", ["churn/a", "chess"], {"ess.out": b""}, [{"prefix": "s3://in/ch"}, "urn/a"]),
        ("s3://in/churn/a.csv", ["churn/a.csv"], {}, [{"prefix": "s3://in/churn/"}, "a.csv"]),
        ("s3://in/", ["a", "b/c"], {"a.out": b""}, [{"prefix": "s3://in/"}, "b/c"]),
    ],
)
def test_the_manifest_names_what_has_no_result_as_the_run_named_it(
    uri: str, names: list[str], served: Names, manifest: list[Any]
) -> None:
    store = with_input(*names)
    failed(store, request_on(uri), served)
    plan = planned(store, request_on(uri))
    assert file_of(store, "_retry-1.manifest") == manifest
    assert plan["request"]["TransformOutput"]["S3OutputPath"] == f"s3://out/churn/{RETRIED}"
    assert plan["request"]["TransformInput"] == request_on(uri)["TransformInput"]
    assert plan["sent_request"]["TransformInput"]["DataSource"]["S3DataSource"] == {
        "S3DataType": "ManifestFile",
        "S3Uri": f"s3://out/churn/{RETRIED}/_retry-1.manifest",
    }
    record = file_of(store, "_run.json")
    assert (record["Outcome"], holder(record)) == (None, SECOND)
    assert record["Retries"][0]["Objects"] == len(manifest) - 1
    assert planned(store, request_on(uri)) == plan  # the answer of the first call was lost
    assert len(file_of(store, "_run.json")["Retries"]) == 1
    with pytest.raises(RetryError, match="is in progress"):
        planned(store, request_on(uri), arn=f"{SECOND}-2")


KEYS = st.lists(st.text("ab/-. é", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@given(KEYS, st.data())
def test_each_result_of_a_manifest_has_the_key_that_the_run_would_have_given_it(
    keys: list[str], data: st.DataObject
) -> None:
    """By the engine's own selection, from the run's request and from that of its retry."""
    prefix = data.draw(st.sampled_from(["", *{key[:at] for key in keys for at in range(len(key) + 1)}]))
    request = request_on(f"s3://in/{prefix}")
    store = with_input(*keys)
    whole = a_run(request).sent
    assert whole is not None
    expected = {}
    try:
        expected = {
            one.source: one.output
            for one in selected_objects(effective_settings(whole, {}), EngineStore(store))
        }
    except TransformSettingsError:  # two objects with one result: no job can run
        return
    served = data.draw(st.sets(st.sampled_from(sorted(expected, key=str)))) if expected else set()
    failed(store, request, {expected[one].key.removeprefix(f"churn/{RETRIED}/"): b"" for one in served})
    left = {source: output for source, output in expected.items() if source not in served}
    try:
        plan = planned(store, request)
    except RetryError as error:
        assert not left or "can't be named in one manifest" in str(error)
        return
    found = selected_objects(effective_settings(plan["sent_request"], {}), EngineStore(store))
    assert {one.source: one.output for one in found} == left


class EngineStore:
    """The same store, as the engine has it."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def list_objects(self, bucket: str, prefix: str) -> Any:
        for (place, key), body in sorted(self._store.objects.items()):
            if place == bucket and key.startswith(prefix):
                yield InputObject(bucket, key, len(body))

    def open(self, bucket: str, key: str) -> Any:
        return io.BytesIO(self._store.objects[bucket, key])

    def create(self, bucket: str, key: str) -> Any:
        raise AssertionError((bucket, key))


def test_a_manifest_is_retried_under_its_own_prefix_and_not_if_it_was_replaced() -> None:
    store = with_input("data/x/a", "data/b")
    request = request_on("s3://in/all.manifest", data_type="ManifestFile")
    names = json.dumps([{"prefix": "s3://in/data/"}, "x/a", "b"]).encode()
    store.put("s3://in/all.manifest", names)
    failed(store, request, {"b.out": b""})
    planned(store, request)
    assert file_of(store, "_retry-1.manifest") == [{"prefix": "s3://in/data/"}, "x/a"]
    store = with_input("data/x/a", "data/b")
    store.put("s3://in/all.manifest", names)
    failed(store, request, {"b.out": b""})
    store.put("s3://in/all.manifest", names.replace(b'"b"', b'"b", "c"'))
    with pytest.raises(RetryError, match="the manifest s3://in/all"):
        planned(store, request)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DataProcessing": {"OutputFilter": "$[0]"}}, "DataProcessing.OutputFilter: $ before, $[0] now"),
        ({"Environment": {"A": "1"}}, "Environment: {} before, {'A': '1'} now"),
        ({"ModelName": "other"}, "model: churn before, other now"),
    ],
)
def test_what_changes_results_must_be_accepted(change: dict[str, Any], said: str) -> None:
    store = with_input("churn/a", "churn/b")
    failed(store, request_on("s3://in/churn/"), {"a.out": b""})
    before = dict(store.objects)
    changed = request_on("s3://in/churn/", **change)
    with pytest.raises(RetryError) as refused:
        planned(store, changed)
    assert said in str(refused.value)
    assert store.objects == before
    assert store.uploads == {}
    planned(store, changed, accept_changes=True)
    assert file_of(store, "_run.json")["Retries"][0]["Changes"] == [said]


def test_another_instance_type_needs_no_acceptance() -> None:
    store = with_input("churn/a")
    failed(store, request_on("s3://in/churn/"), {})
    larger = {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 3}
    planned(store, request_on("s3://in/churn/", TransformResources=larger, MaxPayloadInMB=1))
    assert file_of(store, "_run.json")["Retries"][0]["Changes"] == []


def test_bad_records_of_objects_with_a_result_stay_listed() -> None:
    store = with_input("churn/a", "churn/b")
    place = f"s3://out/churn/{RETRIED}/_bad_records.jsonl"
    lines = [{"Object": f"s3://in/churn/{name}", "Line": 1} for name in ("a", "b")]
    store.put(place, "".join(json.dumps(one) + "\n" for one in lines).encode())
    failed(store, request_on("s3://in/churn/"), {"a.out": b"1\n"})
    plan = planned(store, request_on("s3://in/churn/"))
    store.put(place, json.dumps({"Object": "s3://in/churn/b", "Line": 2}).encode() + b"\n")
    store.put(f"s3://out/churn/{RETRIED}/b.out", b"1\n")
    run = continued(
        replace(a_run(request_on("s3://in/churn/"), retry_of=RETRIED, arn=SECOND), request=plan["request"]),
        store,
    )
    steps = RecordSteps(run, store, NoJobs())
    assert steps.reconcile(None, PLENTY)["error"] == ""
    steps.write(Ending("Completed", "2026-11-22T03:00:00.000Z", attempts=1), PLENTY)
    listed = [json.loads(line) for line in store.objects["out", place.removeprefix("s3://out/")].splitlines()]
    assert [(one["Object"][-1], one["Line"]) for one in listed] == [("a", 1), ("b", 2)]
    record = file_of(store, "_run.json")
    assert (record["Outcome"], record["BadRecords"], record["Attempts"]) == ("Completed", 2, 2)
    assert ("out", f"churn/{RETRIED}/_SUCCESS") in store.objects


def test_a_run_whose_end_nobody_recorded_is_retried_once_it_has_ended() -> None:
    store = with_input("churn/a", "churn/b")
    request = request_on("s3://in/churn/")
    RecordSteps(a_run(request), store, NoJobs()).list_inputs(PLENTY)
    with pytest.raises(RetryError, match="is in progress"):
        planned(store, request)
    run = a_run(request, retry_of=RETRIED, arn=SECOND)
    RetryPlan(run, store, NoJobs(), lambda _arn: "Aborted").plan(PLENTY)
    assert holder(file_of(store, "_run.json")) == SECOND
    # The event about the end of the first execution is delivered late.
    steps = RecordSteps(a_run(request), store, NoJobs())
    steps.write(Ending("Aborted", "2026-11-22T02:01:00.000Z"), PLENTY)
    assert file_of(store, "_run.json")["Outcome"] is None


def test_a_retry_that_is_not_planned_has_a_record_of_its_own() -> None:
    store = with_input("churn/a")
    failed(store, request_on("s3://in/churn/"), {"a.out": b"1\n"})
    with pytest.raises(RetryError, match="there is nothing to retry"):
        planned(store, request_on("s3://in/churn/"))
    run = a_run(request_on("s3://in/churn/"), retry_of=RETRIED, arn=SECOND)
    assert continued(run, store) == run


def test_an_object_that_was_replaced_is_named() -> None:
    store = with_input("churn/a", "churn/b")
    failed(store, request_on("s3://in/churn/"), {"a.out": b"1\n"})
    store.put("s3://in/churn/a", b"3,4\n")  # it has a result: of the old content
    with pytest.raises(RetryError, match="was replaced or deleted since: s3://in/churn/a; its output"):
        planned(store, request_on("s3://in/churn/"))
