from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.compare.comparison import Side, compare_sides
from batch_transform.compare.definition import differences
from batch_transform.compare.inputs import Inputs
from batch_transform.job.errors import CompareError
from batch_transform.job.request.overrides import Columns
from batch_transform.runs.run_facts import RunFacts, facts_of_record

REQUEST = {
    "TransformJobName": "churn-20261122T185011-32c3bd31-1",
    "ModelName": "m-1",
    "TransformInput": {
        "ContentType": "text/csv",
        "DataSource": {"S3DataSource": {"S3Uri": "s3://in/churn/today/"}},
    },
    "TransformOutput": {"S3OutputPath": "s3://out/churn/20261122T185011-32c3bd31", "Accept": "text/csv"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
    "DataProcessing": {"JoinSource": "Input", "OutputFilter": "$[0,-1]"},
}
RECORD: dict[str, Any] = {
    "Outcome": "Completed",
    "Job": "churn",
    "RunId": "20261122T185011-32c3bd31",
    "StartTime": "2026-11-22T18:50:11Z",
    "EndTime": "2026-11-22T18:52:11.500Z",
    "Request": REQUEST,
    "Model": {"ModelName": "m-1", "Image": "i:1", "Containers": [{"Image": "i:1"}]},
    "Attempts": 1,
    "Records": {"Total": 3, "Success": 3, "Error": 0},
    "Cost": {"Amount": 0.02, "Currency": "USD"},
}
FACTS = facts_of_record(RECORD)


def other(run: str = "20261123T185011-11111111", **changes: Any) -> RunFacts:
    request = {
        **REQUEST,
        "TransformJobName": f"churn-{run}-1",
        "TransformOutput": {**REQUEST["TransformOutput"], "S3OutputPath": f"s3://out/churn/{run}/"},  # type: ignore[dict-item]
    }
    return dataclasses.replace(FACTS, **{"run": run, "request": request, **changes})


def test_two_runs_of_the_same_definition_have_no_differences() -> None:
    assert differences(FACTS, other()) == []


MODEL = {
    "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1",
    "Containers": [{"ModelDataUrl": "s3://cdk-assets-000000000000-us-east-1/0a1b.tar.gz"}],
}


def in_another_account(**model: Any) -> RunFacts:
    request = {
        **REQUEST,
        "TransformInput": {
            "ContentType": "text/csv",
            "DataSource": {"S3DataSource": {"S3Uri": "s3://in-of-prod/churn/today/"}},
        },
        "TransformOutput": {
            "S3OutputPath": "s3://out-of-prod/churn/20261123T185011-11111111",
            "Accept": "text/csv",
        },
    }
    there = {
        "Image": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1",
        "Containers": [{"ModelDataUrl": "s3://cdk-assets-123456789012-eu-west-1/0a1b.tar.gz"}],
        **model,
    }
    return dataclasses.replace(FACTS, run="20261123T185011-11111111", request=request, model=there)


def test_the_same_definition_in_another_account_has_no_differences() -> None:
    assert differences(dataclasses.replace(FACTS, model=MODEL), in_another_account()) == []


def test_another_model_in_another_account_is_a_difference() -> None:
    other_model = [{"ModelDataUrl": "s3://cdk-assets-123456789012-eu-west-1/2c3d.tar.gz"}]
    found = differences(dataclasses.replace(FACTS, model=MODEL), in_another_account(Containers=other_model))
    assert [(each.name, each.second) for each in found] == [("Model.Containers", other_model)]


@pytest.mark.parametrize("place", [other, in_another_account])
def test_a_member_without_a_value_is_like_one_that_is_not_there(place: Any) -> None:
    second = place()
    second = dataclasses.replace(second, model={**second.model, "ModelPackageName": None})
    first = dataclasses.replace(FACTS, model=second.model | {})
    del first.model["ModelPackageName"]  # type: ignore[union-attr]  # a dict
    assert differences(first, second) == differences(second, first) == []


def test_another_bucket_counts_where_results_are_in_the_same_one() -> None:
    second = other(model={**RECORD["Model"], "ModelDataUrl": "s3://b/model.tar.gz"})
    first = dataclasses.replace(FACTS, model={**RECORD["Model"], "ModelDataUrl": "s3://a/model.tar.gz"})
    assert [each.name for each in differences(first, second)] == ["Model.ModelDataUrl"]


def test_each_member_that_differs_is_named_with_its_path() -> None:
    second = other(model={**RECORD["Model"], "Image": "i:2"})
    second.request["DataProcessing"]["OutputFilter"] = "$"  # shared, so both change
    changed = dataclasses.replace(
        second, request={**second.request, "MaxPayloadInMB": 2, "DataProcessing": {"JoinSource": "Input"}}
    )
    found = {(one.name, one.first, one.second) for one in differences(FACTS, changed)}
    assert found == {
        ("MaxPayloadInMB", None, 2),
        ("DataProcessing.OutputFilter", "$", None),
        ("Model.Image", "i:1", "i:2"),
    }
    second.request["DataProcessing"]["OutputFilter"] = "$[0,-1]"


def test_facts_come_from_the_record() -> None:
    assert (FACTS.status, FACTS.seconds, FACTS.records) == ("SUCCEEDED", 120.5, 3)
    assert (FACTS.cost, FACTS.currency, FACTS.instances) == (0.02, "USD", "2 x ml.m5.large")
    assert FACTS.billable_seconds is None


def side(folder: Path, name: str, rows: dict[str, str], objects: dict[str, str] | None = None) -> Side:
    folder = folder / name
    folder.mkdir()
    (folder / "a.out").write_text("".join(f"{key},{prediction}\n" for key, prediction in rows.items()))
    listed = None
    if objects is not None:
        listed = folder / "_objects.jsonl"
        listed.write_text(
            "".join(
                json.dumps({"Key": f"churn/today/{key}", "ETag": etag, "OutputKey": None}) + "\n"
                for key, etag in objects.items()
            )
        )
    columns = Columns(("id", "x"), ("label",))
    return Side(name, FACTS if name == "first" else other(), (folder / "a.out",), listed, columns)


def test_inputs_are_compared_by_their_etags(tmp_path: Path) -> None:
    first = side(tmp_path, "first", {"a": "x"}, {"1": "e1", "2": "e2", "x/3": "e3"})
    second = side(tmp_path, "second", {"a": "x"}, {"1": "e1", "2": "other", "4": "e4"})
    assert compare_sides(first, second).inputs == Inputs(same=1, changed=1, only_first=1, only_second=1)
    unlisted = dataclasses.replace(second, objects=None)
    assert compare_sides(first, unlisted).inputs is None


def test_fails_above_the_share_that_may_change_and_keys_in_one_run_count_as_changed(tmp_path: Path) -> None:
    first = side(tmp_path, "first", {str(number): "x" for number in range(99)})
    second = side(tmp_path, "second", {str(number): "x" for number in range(1, 100)})
    comparison = compare_sides(first, second)
    assert (comparison.outcome.columns[0].changed, comparison.outcome.columns[0].share) == (0, 0.02)
    comparison.require_at_most(0.02)
    with pytest.raises(
        CompareError, match=r"2\.000% of the keys changed in label, more than --max-changed 1\.900%"
    ):
        comparison.require_at_most(0.019)
