from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

SYNC = "arn:aws:states:::sagemaker:createTransformJob.sync"
ROWS = b"id-1,2,3\nid-2,5,6\n"


def task(request: dict[str, Any], resource: str = SYNC, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": request, "End": True, **fields}


def test_sync_waits_and_results_in_the_jobs_description(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    request = lab.request(lab.model(), bucket, Tags=[{"Key": "team", "Value": "churn"}])
    arn = lab.execute(lab.machine({"Transform": task(request)}))
    execution = lab.execution(arn)
    assert execution["status"] == "SUCCEEDED"
    result = json.loads(execution["output"])
    assert result["TransformJobStatus"] == "Completed"
    assert result["TransformOutput"]["S3OutputPath"] == f"s3://{bucket}/out"
    assert result["DataProcessing"] == request["DataProcessing"]
    assert result["Tags"] == {
        "team": "churn",
        "AWS_STEP_FUNCTIONS_EXECUTION_ARN": arn,
        "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
    }
    milliseconds = [result[time] for time in ("CreationTime", "TransformStartTime", "TransformEndTime")]
    assert milliseconds == sorted(milliseconds)
    assert all(isinstance(time, int) and time > 1_700_000_000_000 for time in milliseconds)
    assert lab.keys(bucket) == ["out/a.csv.out"]


def test_request_response_continues_at_once(lab: Any) -> None:
    request = lab.request(lab.model("hang"), lab.bucket(**{"a.csv": ROWS}))
    machine = lab.machine({"Start": task(request, SYNC.removesuffix(".sync"))})
    execution = lab.execution(lab.execute(machine))
    result = json.loads(execution["output"])
    assert result["TransformJobArn"].endswith(request["TransformJobName"])
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert lab.describe(request["TransformJobName"])["TransformJobStatus"] == "InProgress"
    lab.sagemaker.stop_transform_job(TransformJobName=request["TransformJobName"])


def test_fails_with_the_description_as_the_cause_when_the_job_fails(lab: Any) -> None:
    config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}
    request = lab.request(lab.model("fail"), lab.bucket(**{"a.csv": ROWS}), ModelClientConfig=config)
    execution = lab.execution(lab.execute(lab.machine({"Transform": task(request)})))
    assert execution["status"] == "FAILED"
    assert execution["error"] == "States.TaskFailed"
    cause = json.loads(execution["cause"])
    assert cause["TransformJobName"] == request["TransformJobName"]
    assert cause["TransformJobStatus"] == "Failed"
    assert cause["FailureReason"] == "AlgorithmError: See job logs for more information"


def test_fails_when_the_job_is_stopped_by_somebody_else(lab: Any, until: Callable[..., None]) -> None:
    request = lab.request(lab.model("hang"), lab.bucket(**{"a.csv": ROWS}))
    name = request["TransformJobName"]
    arn = lab.execute(lab.machine({"Transform": task(request)}))
    until(lambda: lab.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"])
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    execution = lab.execution(arn)
    assert execution["error"] == "States.TaskFailed"
    assert json.loads(execution["cause"])["TransformJobStatus"] == "Stopped"


def test_fails_with_awss_error_names_when_the_request_is_refused(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    model = lab.model()
    taken = lab.request(model, bucket)
    lab.run(taken)
    no_quota = lab.request(
        model, bucket, TransformResources={"InstanceType": "ml.c5.2xlarge", "InstanceCount": 1}
    )
    cases = {
        "SageMaker.ResourceInUseException": (taken, "ResourceInUse"),
        "SageMaker.ResourceLimitExceededException": (no_quota, "ResourceLimitExceeded"),
        "SageMaker.AmazonSageMakerException": (lab.request("unknown", bucket), "ValidationException"),
    }
    for error, (request, code) in cases.items():
        execution = lab.execution(lab.execute(lab.machine({"Transform": task(request)})))
        assert execution["error"] == error
        assert (
            f"(Service: AmazonSageMaker; Status Code: 400; Error Code: {code}; Request ID: "
            in execution["cause"]
        )


def test_fails_past_every_catch_for_a_parameter_that_the_api_does_not_have(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS}))
    request["DataProcesing"] = request.pop("DataProcessing")
    of_input = {
        "Type": "Task",
        "Resource": SYNC,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    }
    states = {"Transform": {**of_input, "End": True}, "Caught": {"Type": "Pass", "End": True}}
    started = lab.states.start_execution(stateMachineArn=lab.machine(states), input=json.dumps(request))
    execution = lab.execution(started["executionArn"])
    assert execution["error"] == "States.Runtime"
    assert execution["cause"].endswith(
        'could not be used to start the Task: [The field "DataProcesing" is not supported by Step Functions]'
    )


def test_a_timeout_of_the_state_stops_the_job(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    request = lab.request(lab.model("hang"), bucket)
    execution = lab.execution(lab.execute(lab.machine({"Transform": task(request, TimeoutSeconds=1)})))
    assert execution["error"] == "States.Timeout"
    assert lab.wait(request["TransformJobName"])["TransformJobStatus"] == "Stopped"
    assert lab.keys(bucket) == []


def test_stopping_the_execution_stops_the_job_past_every_retry(lab: Any, until: Callable[..., None]) -> None:
    request = lab.request(lab.model("hang"), lab.bucket(**{"a.csv": ROWS}))
    name = request["TransformJobName"]
    everything = ["States.ALL"]
    states = {
        "Transform": task(
            request,
            TimeoutSeconds=60,
            Retry=[{"ErrorEquals": everything, "IntervalSeconds": 1, "MaxAttempts": 3}],
            Catch=[{"ErrorEquals": everything, "Next": "Caught"}],
        ),
        "Caught": {"Type": "Fail"},
    }
    arn = lab.execute(lab.machine(states))
    until(lambda: lab.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"])
    lab.states.stop_execution(executionArn=arn, cause="enough")
    assert lab.wait(name)["TransformJobStatus"] == "Stopped"
    execution = lab.execution(arn)
    assert execution["status"] == "ABORTED"
    assert execution["cause"] == "enough"
    entered = [event["type"] for event in lab.states.get_execution_history(executionArn=arn)["events"]]
    assert entered[-1] == "ExecutionAborted"


def test_a_stopped_execution_makes_no_further_attempt(lab: Any, until: Callable[..., None]) -> None:
    resource = "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob"
    # the job does not exist; each attempt shows in the history, and follows 0.6 s after the previous one
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 30, "BackoffRate": 1, "MaxAttempts": 50}]
    machine = lab.machine({"Look": task({"TransformJobName": "none"}, resource, Retry=retry)})
    arn = lab.execute(machine)

    def failures(arn: str) -> int:
        events = lab.states.get_execution_history(executionArn=arn)["events"]
        return sum(event["type"] == "TaskFailed" for event in events)

    until(lambda: failures(arn) > 1)
    lab.states.stop_execution(executionArn=arn)
    at_its_end = failures(arn)
    other = lab.execute(machine)
    until(lambda: failures(other) > 2)  # by now, there would have been two more
    lab.states.stop_execution(executionArn=other)
    assert failures(arn) == at_its_end


def test_missing_capacity_can_be_retried_with_another_name(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    request = lab.request(lab.model(), bucket)
    short = {**request, "TransformResources": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1}}
    fallback = {**request, "TransformJobName": lab.name()}
    states = {
        "First": task(short, Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Second"}]),
        "Second": task(fallback),
    }
    execution = lab.execution(lab.execute(lab.machine(states, "First")))
    assert execution["status"] == "SUCCEEDED"
    assert lab.describe(short["TransformJobName"])["FailureReason"].startswith("CapacityError: ")


def test_the_sdk_integration_reaches_sagemaker_too(lab: Any) -> None:
    name = lab.start(lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS})))
    lab.wait(name)
    resource = "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob"
    execution = lab.execution(lab.execute(lab.machine({"Look": task({"TransformJobName": name}, resource)})))
    assert json.loads(execution["output"])["TransformJobStatus"] == "Completed"


def test_fails_with_the_sdks_error_name_in_the_sdk_integration(lab: Any) -> None:
    resource = "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob"
    execution = lab.execution(
        lab.execute(lab.machine({"Look": task({"TransformJobName": "none"}, resource)}))
    )
    assert execution["error"] == "SageMaker.SageMakerException"  # which the API does not model


def test_a_workflow_makes_a_model_and_an_endpoint(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    name, prefix = lab.name(), SYNC.rpartition(":")[0]
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    image = lab.sagemaker.describe_model(ModelName=lab.model())["PrimaryContainer"]
    role = "arn:aws:iam::000000000000:role/transform-role"
    requests = {
        "createModel": {"ModelName": name, "PrimaryContainer": image, "ExecutionRoleArn": role},
        "createEndpointConfig": {"EndpointConfigName": name, "ProductionVariants": [variant]},
        "createEndpoint": {"EndpointName": name, "EndpointConfigName": name},
        "createTransformJob.sync": lab.request(name, bucket),
        "updateEndpoint": {"EndpointName": name, "EndpointConfigName": name},
    }
    names = [*requests, "Done"]
    states = {
        operation: {
            "Type": "Task",
            "Resource": f"{prefix}:{operation}",
            "Parameters": request,
            "ResultPath": f"$['{operation}']",
            "Next": names[names.index(operation) + 1],
        }
        for operation, request in requests.items()
    }
    execution = lab.execution(lab.execute(lab.machine({**states, "Done": {"Type": "Succeed"}})))
    assert execution["status"] == "SUCCEEDED", execution
    result = json.loads(execution["output"])
    assert result["createModel"]["ModelArn"].endswith(f":model/{name}")
    assert result["createModel"]["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert result["createEndpointConfig"]["EndpointConfigArn"].endswith(f":endpoint-config/{name}")
    assert lab.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    assert lab.keys(bucket) == ["out/a.csv.out"]


def test_a_transform_job_has_its_request_and_its_submission_in_the_history(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS}))
    arn = lab.execute(lab.machine({"Transform": task(request, TimeoutSeconds=600)}))
    execution = lab.execution(arn)
    events = lab.states.get_execution_history(executionArn=arn)["events"]
    assert [(event["id"], event["previousEventId"], event["type"]) for event in events] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSubmitted"),
        (6, 5, "TaskSucceeded"),
        (7, 6, "TaskStateExited"),
        (8, 7, "ExecutionSucceeded"),
    ]
    service = {"resourceType": "sagemaker", "resource": "createTransformJob.sync"}
    scheduled, submitted = events[2]["taskScheduledEventDetails"], events[4]["taskSubmittedEventDetails"]
    assert json.loads(scheduled.pop("parameters")) == request
    assert scheduled == {**service, "region": "us-east-1", "timeoutInSeconds": 600}
    assert events[3]["taskStartedEventDetails"] == service
    answer = json.loads(submitted.pop("output"))
    assert submitted == {**service, "outputDetails": {"truncated": False}}
    assert answer["TransformJobArn"].endswith(f"/{request['TransformJobName']}")
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert events[5]["taskSucceededEventDetails"] == {
        **service,
        "output": execution["output"],
        "outputDetails": {"truncated": False},
    }


def test_a_transform_job_that_takes_too_long_is_recorded_as_timed_out(lab: Any) -> None:
    request = lab.request(lab.model("hang"), lab.bucket(**{"a.csv": ROWS}))
    arn = lab.execute(lab.machine({"Transform": task(request, TimeoutSeconds=1)}))
    lab.execution(arn)
    events = lab.states.get_execution_history(executionArn=arn)["events"]
    assert events[-2]["type"] == "TaskTimedOut"
    assert events[-2]["taskTimedOutEventDetails"] == {
        "resourceType": "sagemaker",
        "resource": "createTransformJob.sync",
        "error": "States.Timeout",
    }
