from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import RunInputError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.request.overrides import apply_overrides
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.rules.run_limits import RunLimits, beyond_limits, limit_problems
from batch_transform.job.values.job_spec import JobSpec, LimitsSpec, ModelSpec, TransformSpec

TOKEN = "${Token[a.1]}"
TYPES = ("ml.m5.large", "ml.m5.xlarge")


def a_job(limits: LimitsSpec = LimitsSpec(), **transform: Any) -> JobSpec:  # noqa: B008  # it is frozen
    given = TransformSpec(**{"instance_type": TYPES, "instance_count": 2, **transform})
    return JobSpec("churn", ModelSpec(existing="churn"), transform=given, limits=limits)


def overridden(job: JobSpec, run_input: object) -> tuple[str, ...]:
    request = transform_job_request(
        job, model_name="churn", data="s3://data/in/", output_path="s3://data/out/"
    )
    run = apply_overrides(
        request, run_input, instance_types=job.transform.instance_type, limits=RunLimits.of(job)
    )
    return run.instance_types


def test_by_default_a_run_may_use_what_the_job_declares() -> None:
    assert RunLimits.of(a_job()) == RunLimits(TYPES, 2)
    assert overridden(a_job(), {"transform": {"instance_type": "ml.m5.xlarge", "instance_count": 1}}) == (
        "ml.m5.xlarge",
    )


def test_a_run_within_the_limits_is_accepted() -> None:
    job = a_job(LimitsSpec(("ml.c5.xlarge", *TYPES), 4))
    run_input = {"transform.instance_type": ["ml.m5.large", "ml.c5.xlarge"], "transform.instance_count": 4}
    assert overridden(job, run_input) == ("ml.m5.large", "ml.c5.xlarge")


@pytest.mark.parametrize(
    ("run_input", "expected"),
    [
        (
            {"transform": {"instance_type": ["ml.m5.large", "ml.c5.xlarge"]}},
            "transform.instance_type[1]: ml.c5.xlarge is beyond the job's limits; allowed are ml.m5.large, "
            "ml.m5.xlarge; to allow it, write `instance_types: [ml.m5.large, ml.m5.xlarge, ml.c5.xlarge]` under "
            "`limits` in the job file",
        ),
        (
            {"transform.instance_count": 3},
            "transform.instance_count: 3 is beyond the job's limits; allowed are at most 2; to allow it, write "
            "`instance_count: 3` under `limits` in the job file, and of its environment if that has limits, and deploy",
        ),
    ],
)
def test_fails_for_a_run_beyond_the_limits_and_names_the_line_to_change(
    run_input: object, expected: str
) -> None:
    with pytest.raises(RunInputError) as error:
        overridden(a_job(), run_input)
    assert expected in str(error.value)


def test_fails_once_for_an_instance_type_that_does_not_exist() -> None:
    with pytest.raises(RunInputError) as error:
        overridden(a_job(), {"transform.instance_type": "ml.m5.huge"})
    assert [problem.code for problem in error.value.problems] == ["instance-type-unknown"]


def test_a_state_machine_passes_the_limits_on_and_one_of_an_earlier_release_has_none() -> None:
    limits = RunLimits(TYPES, 3)
    assert RunLimits.read(limits.as_json()) == limits
    assert RunLimits.read({}) is None


def test_what_only_the_deployment_knows_is_not_compared() -> None:
    assert list(limit_problems(a_job(LimitsSpec((TOKEN,))))) == []
    assert list(limit_problems(a_job(LimitsSpec(("ml.c5.xlarge",)), instance_type=(TOKEN,)))) == []
    assert list(beyond_limits(RunLimits((TOKEN,), 1), ["ml.m5.large"], 1)) == []


def test_a_limit_of_an_environment_is_checked_in_each_job_file(tmp_path: Path) -> None:
    job, environments = tmp_path / "job.yaml", tmp_path / "environments.yaml"
    job.write_text(
        "name: churn\nmodel: {existing: churn}\ntransform:\n  instance_type: [ml.m5.large, ml.m5.xlarge]\n"
        "  instance_count: 2\n"
    )
    environments.write_text(
        "environments:\n  prod: {}\n  dev:\n    prefix: dev-\n"
        "    limits: {instance_types: [ml.m5.large], instance_count: 1, max_runtime_in_seconds: 600}\n"
    )
    found = read_job_files([job], environments=list(load_environments(environments).by_name.values()))
    at = [(problem.code, problem.line, problem.column) for problem in found.problems]
    assert at[1:] == [("instance-type-beyond-limits", 4, 32), ("instance-count-beyond-limits", 5, 19)]
    assert at[0][0] == "max-runtime-beyond-limits"  # the default, which the file doesn't write
    assert "in the environment dev: ml.m5.xlarge is not in limits.instance_types" in str(found.problems[1])
