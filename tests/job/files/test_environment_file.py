"""environments.yaml: what it may contain, and where each problem is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import EnvironmentFileError, InputError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import NotifySpec

PROJECT = Path(__file__).resolve().parents[3]

FULL = """\
project: churn
environments:
  prod:
    account: "123456789012"
    region: eu-central-1
    customer_key: true
    keep_outputs_for_in_days: 400
    access_logs_bucket: our-access-logs
    notify: {email: [ops@example.com], topic: "arn:aws:sns:eu-central-1:123456789012:ops"}
    tags: {team: churn, cost-centre: 4711}
  dev: {prefix: dev-, schedules: paused, instance_type: ml.m5.large, removal_policy: destroy,
    termination_protection: true, auto_delete_objects: true}
"""


def test_every_field_is_read(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(FULL)
    assert load_environments(path).by_name == {
        "prod": EnvironmentSpec(
            environment="prod",
            project="churn",
            account="123456789012",
            region="eu-central-1",
            customer_key=True,
            keep_outputs_for_in_days=400,
            access_logs_bucket="our-access-logs",
            notify=NotifySpec(("ops@example.com",), "arn:aws:sns:eu-central-1:123456789012:ops"),
            tags={"team": "churn", "cost-centre": "4711"},
        ),
        "dev": EnvironmentSpec(
            environment="dev",
            project="churn",
            prefix="dev-",
            schedules="paused",
            instance_type="ml.m5.large",
            removal_policy="destroy",
            termination_protection=True,
            auto_delete_objects=True,
        ),
    }


def test_this_projects_file_has_a_prod_that_changes_nothing_and_a_dev() -> None:
    environments = load_environments(PROJECT / "environments.yaml")
    assert environments.named("prod") == EnvironmentSpec()
    dev = environments.named("dev")
    assert (dev.prefix, dev.schedules, dev.removal_policy) == ("dev-", "paused", "destroy")


def test_without_a_file_there_is_only_prod(tmp_path: Path) -> None:
    environments = load_environments(tmp_path / "environments.yaml")
    assert environments.named("prod") == EnvironmentSpec()
    with pytest.raises(InputError, match="has no environment 'dev'; it has prod"):
        environments.named("dev")


# « marks the place where the problem is shown.
BAD = {
    "environment-missing": "«environments: {test: {prefix: t-}}",
    "environment-name": "environments: {prod: {}, «Dev: {prefix: d-}}",
    "unknown-field": "environments: {prod: {«acount: x}}",
    "account-malformed": 'environments: {prod: {account: «"123"}}',
    "region-malformed": "environments: {prod: {region: «frankfurt}}",
    "prefix-malformed": "environments: {prod: {prefix: «dev_}}",
    # A prefix begins the stack's name, which starts with a letter (CloudFormation API reference, CreateStack).
    "prefix-malformed ": "environments: {prod: {prefix: «1-}}",
    "prefix-taken": "environments: {prod: {}, «dev: {schedules: paused}}",
    "unknown-value": "environments: {prod: {removal_policy: «keep}}",
    "auto-delete-retained": "environments: {prod: {auto_delete_objects: «true}}",
    "days-too-few": "environments: {prod: {keep_outputs_for_in_days: «0}}",
    "bucket-name-malformed": "environments: {prod: {access_logs_bucket: «s3://logs}}",
    "instance-type-unknown": "environments: {prod: {instance_type: «m5.large}}",
    "limits-empty": "environments: {prod: {limits: {instance_types: «[]}}}",
    "instance-count-too-small": "environments: {prod: {limits: {instance_count: «0}}}",
    "email-malformed": "environments: {prod: {notify: {email: [«ops]}}}",
    "notify-empty": "environments: {prod: {notify: «{}}}",
    "tag-names-alike": "environments: {prod: {tags: {Team: a, team: «b}}}",
    "tag-names-alike ": "environments: {prod: {tags: {Job: «a}}}",
    "wrong-type": "environments: {prod: «3}",
    "yaml-syntax": "environments: {prod: «[}}",
    "file-empty": "«",
}


@pytest.mark.parametrize(("code", "text"), BAD.items())
def test_a_problem_is_shown_at_its_place(code: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(text.replace("«", ""))
    with pytest.raises(EnvironmentFileError) as raised:
        load_environments(path)
    (problem,) = raised.value.problems
    assert (problem.code, problem.line, problem.path) == (code.strip(), 1, str(path))
    if code != "yaml-syntax":
        assert problem.column == text.index("«") + 1, problem


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text("environments:\n  prod: {account: x, region: y}\nother: 1\n")
    with pytest.raises(EnvironmentFileError) as raised:
        load_environments(path)
    assert [problem.code for problem in raised.value.problems] == [
        "account-malformed",
        "region-malformed",
        "unknown-field",
    ]


def test_equal_prefixes_are_allowed_in_separate_accounts_or_regions(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text("environments: {prod: {region: eu-west-1}, us: {region: us-east-1}}")
    assert list(load_environments(path).by_name) == ["prod", "us"]


def test_an_unknown_field_is_reported_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text("environments: {prod: {zzz: 1}}")
    with pytest.raises(
        EnvironmentFileError, match=r"allowed under environments\.prod are account, region, prefix"
    ):
        load_environments(path)
