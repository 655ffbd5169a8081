"""The state machine of a job, as Amazon States Language: a pure function of the job's request.

    PrepareRun -> Preflight -> CheckRunLock --(another run)--> WaitForOtherRun -> Preflight | Skipped | OverlappingRun
                                    |
                                CheckRetry --(a retry)--> PlanRetry
                                    |                         |
                                ListInputs                    |
                                    |
        .-----------------------> Transform -> CheckTransformJobStatus --(Completed)--> CountResults
        |                           |             +-> TransformJobNotCompleted -.            |
        |                           +---------------> ChooseRetry <-------------'            |
        |                                                  |        Reconcile -> CheckReconciliation
        |                                                  |                 ReleaseLock -> WriteRecord -> Completed
        +-- NextInstanceType | WaitForCapacity <-----------+  no capacity or quota
        +-- NextAttempt <----------------------------------+  an internal error of AWS
            FindTransformJob <-----------------------------+  may be running: wait for it, stop it, or retry
            Diagnose -> ReleaseLockAfterFailure -> WriteRecordAfterFailure -> Failed

With workflow.max_cost, CheckMaxCost comes before each Transform, and may lead to MaxCostReached -> Diagnose.

Every path that does not end in Completed or Skipped ends in the Fail state `Failed`: a failed job looks failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.rules import could_leave_out_records
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.bad_records import (
    BAD_RECORDS_VARIABLES,
    bad_records_states,
    longest_rounds_seconds,
)
from batch_transform_cdk.machine.states.ending import (
    completed_states,
    failed_states,
    release_states,
    skipped_state,
)
from batch_transform_cdk.machine.states.language import literal
from batch_transform_cdk.machine.states.lost_job import lost_job_states
from batch_transform_cdk.machine.states.max_cost import with_max_cost
from batch_transform_cdk.machine.states.preflight import longest_overlap_seconds, preflight_states
from batch_transform_cdk.machine.states.record import (
    VARIABLES,
    list_inputs_state,
    longest_record_seconds,
    reconcile_states,
    retry_plan_states,
    write_record_states,
)
from batch_transform_cdk.machine.states.retries import longest_wait_seconds, retry_states
from batch_transform_cdk.machine.states.transform import transform_states

Definition = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What the state machine uses: its Lambda functions by their ARNs, and the lock's Bucket and Key.

    `lock` is None for a job whose runs may overlap. `waiting` is the Bucket and Key of the run that waits for the lock;
    None for a job whose runs don't wait. `bad_records_arn` is None for a job without `bad_records`.
    """

    preflight_arn: str
    report_arn: str
    record_arn: str
    lock: Mapping[str, str] | None
    waiting: Mapping[str, str] | None = None
    bad_records_arn: str | None = None


def state_machine_definition(
    spec: JobSpec, request: Mapping[str, Any], parts: Parts, *, partition: str = "aws"
) -> Definition:
    """Return the definition. `request` is the job's CreateTransformJob request without a job name."""
    origin = f" ({spec.job_file})" if spec.job_file else ""
    lambda_invoke = f"arn:{partition}:states:::lambda:invoke"
    has_lock = parts.lock is not None
    completed, rounds = "CountResults", {}
    if spec.bad_records is not None and parts.bad_records_arn is not None:
        completed = "CheckRound"
        rounds = bad_records_states(
            spec.bad_records,
            lambda_invoke,
            parts.bad_records_arn,
            counted="CountResults",
            details=spec.notify.details,
        )
    states = {
        **_prepare_run(spec, request, "Preflight"),
        **preflight_states(
            spec, lambda_invoke, parts.preflight_arn, "CheckRetry", lock=parts.lock, waiting=parts.waiting
        ),
        **retry_plan_states(spec, lambda_invoke, parts.record_arn, "Transform", has_lock=has_lock),
        **list_inputs_state(spec, lambda_invoke, parts.record_arn, "Transform"),
        **transform_states(spec, request, partition, completed),
        **retry_states(finds_bad_records=spec.bad_records is not None),
        **lost_job_states(spec, request, partition, completed),
        **rounds,
        **completed_states(lambda_invoke, parts.report_arn, finds_bad_records=spec.bad_records is not None),
        **reconcile_states(
            spec, lambda_invoke, parts.record_arn, "ReleaseLock" if has_lock else "WriteRecord"
        ),
        **write_record_states(spec, lambda_invoke, parts.record_arn),
        **(skipped_state() if spec.workflow.overlapping_runs in {"wait", "skip"} else {}),
        **failed_states(
            lambda_invoke,
            parts.report_arn,
            has_lock=has_lock,
            details=spec.notify.details,
            could_leave_out_records=spec.bad_records is None and could_leave_out_records(request),
        ),
        **(release_states(partition) if has_lock else {}),
    }
    return {
        "Comment": f"Batch transform job {spec.name}{origin}",
        "QueryLanguage": "JSONata",
        "StartAt": "PrepareRun",
        "TimeoutSeconds": longest_run_seconds(spec),
        "States": with_max_cost(spec, states),
    }


def longest_run_seconds(spec: JobSpec) -> int:
    """Return a timeout that no run reaches unless Step Functions itself loses it: then it ends, and an alarm fires.

    Every state has its own limit. A run may wait for another run, then for capacity or after throttling, lose one
    transform job to an internal error at its end, run a second one, lose track of that and wait for it again, and then
    look for bad records in rounds; its functions take two hours at most. Step Functions accepts at most 99,999,999
    seconds.
    """
    waits = longest_overlap_seconds(spec) + 2 * longest_wait_seconds() + longest_record_seconds(spec)
    waits += longest_rounds_seconds(spec.bad_records, spec.transform.max_runtime_in_seconds)
    return min(waits + 3 * spec.transform.max_runtime_in_seconds + 7200, 99_999_999)


# One id for each run, `20261122T020001-1a2b3c4d`, from the start time and the ARN of the execution. The console, a
# schedule and a rule all name executions in ways that TransformJobName does not allow; this id is always legal in a
# job name and in an S3 key.
_RUN_ID = (
    "{% $replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '') & '-' & "
    "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 8) %}"
)


def _prepare_run(spec: JobSpec, request: Mapping[str, Any], following: str) -> Definition:
    """Declare every variable that a state may read before another state has set it: that would fail the execution.

    They are shown in the console, by these names: no JSONata function has one of them.
    """
    return {
        "PrepareRun": {
            "Type": "Pass",
            "Comment": "Set the run's variables: its id, and the request that the job file declares",
            "Assign": {
                "job_name": spec.name,
                "job_file": literal(spec.job_file or False),  # a text must not be empty
                "declared_request": literal(request),
                "run_id": _RUN_ID,
                "attempt": 1,  # of CreateTransformJob; part of the transform job's name
                "instance_type_index": 0,  # in the job's list of instance types
                "capacity_attempt": 1,  # how often all instance types were tried, this time included
                "throttled_calls": 0,  # calls that AWS throttled
                "retried_internal_error": 0,  # 1 after a retry of a transform job with an InternalServerError
                "status_checks": 0,  # of a transform job that the states after Transform follow
                "prices": [],  # of the instance types, in their order; false where one is not known
                "stop_result": False,  # the result of StopTransformJob, for the cause of the failure
                **VARIABLES,
                **(BAD_RECORDS_VARIABLES if spec.bad_records is not None else {}),
            },
            "Next": following,
        }
    }
