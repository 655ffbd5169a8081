"""The state machine of a job, as Amazon States Language: a pure function of the job's request.

    Request -> Preflight -> Transform -> HowEnded --(Completed)--> Completed
                   |            |            |
                   |            |            +--(anything else)--> NotCompleted -> Diagnose
                   |            +-> WhyFailed --(no machine was free)--> WaitForCapacity -> NextAttempt -> Transform
                   |                    |
                   |                    +------> Diagnose --> Failed
                   +----------------------------------------> Failed

Every path that does not end in Completed ends in the Fail state `Failed`: a failed job looks failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.model_source import to_be_found

Definition = dict[str, Any]
State = dict[str, Any]

CREATE_TRANSFORM_JOB = "sagemaker:createTransformJob.sync"

MAX_ATTEMPTS = 4
"""Transform jobs that one run may create. Only a job that AWS could not serve is tried again."""

CAPACITY_WAIT_SECONDS = 300

# One run has one id: `20261122T020001-1a2b3c4d`, made of the time at which the execution started and
# of its ARN. Whatever the execution is called (the console, a schedule and a rule all use names that
# TransformJobName does not allow), the id is legal in a job name and in an S3 key.
_RUN_ID = (
    "{% $replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '') & '-' & "
    "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 8) %}"
)

# New on every attempt: `-1`, `-2`, … count the jobs that existed and failed, `r1`, `r2`, … the calls
# that the API turned away. SageMaker never lets a name be used twice.
_JOB_NAME = (
    "$job & '-' & $run & '-' & $string($attempt) & "
    "($states.context.State.RetryCount > 0 ? 'r' & $string($states.context.State.RetryCount) : '')"
)

# A Cause may be a JSON document, and may be cut off at the service's limit.
_MESSAGE = "($substring({cause}, 0, 1) = '{{' and $substring({cause}, -1) = '}}' ? $parse({cause}).{field} : {cause})"

_LAMBDA_RETRY = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 1.5,
    "MaxAttempts": 5,
    "JitterStrategy": "FULL",
}


@dataclass(frozen=True)
class Functions:
    """The ARNs of the two Lambda functions that the machine calls."""

    preflight_arn: str
    diagnose_arn: str


def state_machine_definition(
    spec: JobSpec, request: Mapping[str, Any], functions: Functions, *, partition: str = "aws"
) -> Definition:
    """Return the definition. `request` is the job's CreateTransformJob request without a job name."""
    origin = f" ({spec.job_file})" if spec.job_file else ""
    lambda_invoke = f"arn:{partition}:states:::lambda:invoke"
    return {
        "Comment": f"Batch transform job {spec.name}{origin}",
        "QueryLanguage": "JSONata",
        "StartAt": "Request",
        "States": {
            "Request": _declare_request(spec, request),
            "Preflight": _preflight(spec, lambda_invoke, functions.preflight_arn),
            "Transform": _transform(spec, request, partition),
            **_how_ended(),
            "WhyFailed": _why_failed(),
            "WaitForCapacity": _wait_for_capacity(),
            "NextAttempt": _next_attempt(),
            "Diagnose": _diagnose(lambda_invoke, functions.diagnose_arn),
            "Failed": {
                "Type": "Fail",
                "Error": "{% $failure.Error %}",
                "Cause": "{% $failure.Cause %}",
            },
        },
    }


def _declare_request(spec: JobSpec, request: Mapping[str, Any]) -> State:
    return {
        "Type": "Pass",
        "Comment": "What the job file declares; the run's input may override it",
        "Assign": {
            "job": spec.name,
            "job_file": spec.job_file,
            "request": dict(request),
            "run": _RUN_ID,
            "attempt": 1,
        },
        "Next": "Preflight",
    }


def _preflight(spec: JobSpec, resource: str, function_arn: str) -> State:
    return {
        "Type": "Task",
        "Comment": "Apply the run's overrides, check the data before any money is spent, and find the model",
        "Resource": resource,
        "Arguments": {
            "FunctionName": function_arn,
            "Payload": {
                "job": "{% $job %}",
                "job_file": "{% $job_file %}",
                "run": "{% $run %}",
                "request": "{% $request %}",
                "overrides": "{% $states.input %}",
                "columns": {"input": list(spec.input.columns), "output": list(spec.output.columns)},
                "model": to_be_found(spec.model),
            },
        },
        "TimeoutSeconds": 60,
        "Retry": [_LAMBDA_RETRY],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"failure": _named_failure("'the check before the transform job failed: '")},
                "Next": "Failed",
            }
        ],
        "Assign": {"request": "{% $states.result.Payload %}"},
        "Next": "Transform",
    }


def _transform(spec: JobSpec, request: Mapping[str, Any], partition: str) -> State:
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::{CREATE_TRANSFORM_JOB}",
        "Arguments": {"TransformJobName": f"{{% {_JOB_NAME} %}}", **_members(request, "$request")},
        "TimeoutSeconds": spec.transform.max_runtime_in_seconds,
        "Retry": [
            {
                # The account's quota for this instance type is used up: other jobs give it back in time.
                "ErrorEquals": ["SageMaker.ResourceLimitExceededException"],
                "IntervalSeconds": 60,
                "BackoffRate": 1.5,
                "MaxAttempts": 8,
                "MaxDelaySeconds": 900,
                "JitterStrategy": "FULL",
            },
            {
                # Throttling. Step Functions gives a refused request the same name, which then costs
                # four quick calls before it fails; the preflight has refused most of those already.
                # Should it ever lose sight of a job that runs, the next one writes the same results
                # to the same place.
                "ErrorEquals": ["SageMaker.AmazonSageMakerException"],
                "IntervalSeconds": 5,
                "BackoffRate": 1.5,
                "MaxAttempts": 4,
                "JitterStrategy": "FULL",
            },
        ],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"error": "{% $states.errorOutput %}"},
                "Next": "WhyFailed",
            }
        ],
        "Assign": {"ended": "{% $states.result %}"},
        "Next": "HowEnded",
    }


def _how_ended() -> dict[str, State]:
    """The task ends well for a job that ended; whether a stopped job counts as ended well is not documented."""
    return {
        "HowEnded": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $ended.TransformJobStatus = 'Completed' %}", "Next": "Completed"}],
            "Default": "NotCompleted",
        },
        "Completed": {
            "Type": "Pass",
            "Output": {
                "TransformJobName": "{% $ended.TransformJobName %}",
                "TransformJobArn": "{% $ended.TransformJobArn %}",
                "TransformJobStatus": "{% $ended.TransformJobStatus %}",
                "S3OutputPath": "{% $ended.TransformOutput.S3OutputPath %}",
            },
            "End": True,
        },
        "NotCompleted": {
            "Type": "Pass",
            "Assign": {"error": {"Error": "States.TaskFailed", "Cause": "{% $string($ended) %}"}},
            "Next": "Diagnose",
        },
    }


def _why_failed() -> State:
    no_machine_was_free = "$contains($error.Cause, 'CapacityError')"
    aws_failed = "$contains($error.Cause, 'InternalServerError')"
    return {
        "Type": "Choice",
        "Comment": "Only what AWS could not serve is tried again: bad data would fail again",
        "Choices": [
            {
                "Condition": f"{{% $attempt < {MAX_ATTEMPTS} and {no_machine_was_free} %}}",
                "Next": "WaitForCapacity",
            },
            {"Condition": f"{{% $attempt < 2 and {aws_failed} %}}", "Next": "NextAttempt"},
        ],
        "Default": "Diagnose",
    }


def _wait_for_capacity() -> State:
    return {
        "Type": "Wait",
        "Comment": "No machine of this type was free: another may be given back in a while",
        "Seconds": CAPACITY_WAIT_SECONDS,
        "Next": "NextAttempt",
    }


def _next_attempt() -> State:
    return {"Type": "Pass", "Assign": {"attempt": "{% $attempt + 1 %}"}, "Next": "Transform"}


def _diagnose(resource: str, function_arn: str) -> State:
    return {
        "Type": "Task",
        "Comment": "Name the input objects without a result, and what the job's log says of them",
        "Resource": resource,
        "Arguments": {
            "FunctionName": function_arn,
            "Payload": {
                "job": "{% $job %}",
                "job_file": "{% $job_file %}",
                "request": "{% $request %}",
                "transform_job_name": "{% $job & '-' & $run & '-' & $string($attempt) %}",
                "error": "{% $error %}",
            },
        },
        "TimeoutSeconds": 60,
        "Retry": [_LAMBDA_RETRY],
        "Catch": [
            {
                # Without the diagnosis the run still fails with AWS's own words.
                "ErrorEquals": ["States.ALL"],
                "Assign": {
                    "failure": {
                        "Error": "{% $error.Error %}",
                        "Cause": "{% 'job ' & $job & ($job_file ? ' (' & $job_file & ')' : '') & "
                        "' failed on ' & $request.TransformInput.DataSource.S3DataSource.S3Uri & "
                        f"': ' & {_MESSAGE.format(cause='$error.Cause', field='FailureReason')} %}}",
                    }
                },
                "Next": "Failed",
            }
        ],
        "Assign": {"failure": "{% $states.result.Payload %}"},
        "Next": "Failed",
    }


def _named_failure(what: str) -> dict[str, str]:
    """Error and Cause of a caught error, led by the job, its file and its data."""
    lambda_message = _MESSAGE.format(cause="$states.errorOutput.Cause", field="errorMessage")
    return {
        "Error": "{% $states.errorOutput.Error %}",
        "Cause": "{% 'job ' & $job & ($job_file ? ' (' & $job_file & ')' : '') & ': ' & "
        f"{what} & {lambda_message} %}}",
    }


def _members(request: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """Each member of the request, read from the variable that holds the checked request.

    They stand one by one, so that a reader sees which members the call sends, and so that Step
    Functions, which checks the arguments of a service integration when the machine is created, can.
    """
    return {
        name: _members(value, f"{variable}.{name}")
        if isinstance(value, Mapping) and name not in _OPEN_MAPS
        else f"{{% {variable}.{name} %}}"
        for name, value in request.items()
    }


_OPEN_MAPS = {"Environment"}
"""Members whose keys are the user's own, and may be other ones in each run."""
