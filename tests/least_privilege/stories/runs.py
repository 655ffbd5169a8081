"""Runs: one that succeeds, one that fails, one that is refused, one that is stopped, and a second deployment."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.values.run import run_id
from least_privilege.account import Account
from least_privilege.model_code import hanging
from least_privilege.stories.point import Points

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_ASKED = (
    *(
        "ModelName",
        "MaxConcurrentTransforms",
        "ModelClientConfig",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
    ),
    *("TransformInput", "TransformOutput", "DataCaptureConfig", "TransformResources", "DataProcessing"),
    "ExperimentConfig",
)
"""The members of CreateTransformJob, apart from the name and the tags (API reference)."""


def put_data(account: Account, job: str) -> None:
    """Upload each story's input below the job's own prefix."""
    spec = account.jobs[job].get("input", {})
    columns = len(spec.get("columns", ["id", "x"]))
    line = ",".join(["id-1", *["1"] * (columns - 1)])
    with_header = ",".join(spec.get("columns", [])) + "\n" + line
    stories = {
        "good/a": line,
        "large/a": line.replace("1", "big"),
        "mixed/a": line,
        "mixed/b": line.replace("1", "bad"),
        "hang/a": f"{line.replace('1', 'big')}\n{line.replace('1', 'hang')}",
        "header/a": with_header,
        "mark/a": f"\ufeff{line}",
    }
    for name, text in stories.items():
        account.put_input(job, name, text)
    # if the job's input has a key, S3 binds it to the object or to the bucket, as the uploader chooses
    account.put_input(job, "good/b", line, bucket_key=True)
    account.put_input(job, "other-header/a", with_header, bucket_key=True)
    # the key of the input is in addition to the bucket's
    account.put_input(job, "good/c", line, default_key=True)
    account.put_input(job, "default-header/a", with_header, default_key=True)


def completes(account: Account, job: str) -> Points:
    """A run scores its data, and writes results, captured data, logs and metrics."""
    began = now()
    execution = _run(account, job, "good")
    name = _transform_job(execution)
    yield "succeeds", execution["status"] == "SUCCEEDED" and name != ""
    yield "knows its prices", _knows_prices(account, execution["executionArn"])
    run = re.sub(rf"^{job}-|-\d+(r\d+)?$", "", name)
    capture = account.jobs[job].get("batch_data_capture_config")
    yield "has a result", _has_objects(account, account.output_bucket, f"{job}/{run}")
    yield "has captures", capture is None or _has_objects(account, "captures-of-mine", f"{job}/")
    yield "has its log", _has_log(account, name)
    yield "functions log", functions_log(account, job, began, "Workflow/Preflight")
    yield "has metrics", account.wait_until(lambda: _has_metrics(account, name))


def scores(account: Account, job: str) -> Points:
    """A transform job with the request of a run ends as that of the run: SageMaker uses the model's role alike."""
    sagemaker = account.client("sagemaker")
    name = f"{job}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}-1"
    create = partial(sagemaker.create_transform_job, TransformJobName=name, **transform_request(account, job))
    yield "is created", _is_accepted(create)  # which looks at the input with the model's role
    account.wait_until(lambda: _status(account, name) != "InProgress")
    yield "completes", _status(account, name) == "Completed"
    yield "has its log", _has_log(account, name)
    yield "has metrics", account.wait_until(lambda: _has_metrics(account, name))


@cache
def transform_request(account: Account, job: str) -> dict[str, Any]:
    """Return the request that a run makes for its transform job. Call it first while the run has all permissions."""
    name = _transform_job(_run(account, job, "good"))
    described = account.client("sagemaker").describe_transform_job(TransformJobName=name)
    return {asked: described[asked] for asked in _ASKED if asked in described}


def completes_in_parts(account: Account, job: str) -> Points:
    """A run with a large answer, which is uploaded and captured in parts."""
    yield "succeeds", _run(account, job, "large")["status"] == "SUCCEEDED"


def completes_on_each_instance_type(account: Account, job: str) -> Points:
    """A run may use each instance type within the job's limits."""
    spec = account.jobs[job]
    types = spec.get("transform", {}).get("instance_type", "ml.m5.large")
    declared = [types] if isinstance(types, str) else types
    for one in spec.get("limits", {}).get("instance_types", declared):
        run_input = {"input": {"data": account.place(job, "good")}, "transform": {"instance_type": one}}
        execution = account.execution(account.start(job, run_input))
        yield f"{one} succeeds", execution["status"] == "SUCCEEDED"
        yield f"{one} is used", json.loads(execution["output"])["InstanceType"] == one


def explains(account: Account, job: str) -> Points:
    """A run with a bad record fails, and says which file and why."""
    began = now()
    execution = _run(account, job, "mixed")
    cause = execution.get("cause", "")
    yield "fails", execution["status"] == "FAILED"
    yield "names the file", "1 of 2 files have no result" in cause and f"{job}/mixed/b" in cause
    yield "quotes the log", "this record is bad" in cause
    yield "functions log", functions_log(account, job, began, "Workflow")


def finds_header(account: Account, job: str) -> Points:
    """A run whose data begins with a header row is refused."""
    for folder in ("header", "other-header", "default-header"):
        cause = _run(account, job, folder).get("cause", "")
        yield f"{folder} is refused", "starts with a header row" in cause


def finds_unfit_data(account: Account, job: str) -> Points:
    """A run whose data begins with a byte order mark is refused."""
    yield "is refused", "begins with a byte order mark" in _run(account, job, "mark").get("cause", "")


def stops(account: Account, job: str) -> Points:
    """A stopped execution stops its own transform job, which leaves no incomplete upload.

    Step Functions doesn't stop one that the SDK integration created: the state machine does when its time is up.
    """
    # the first line's answer is large enough for an upload in parts; the second never arrives
    single = {"transform.strategy": "SingleRecord"} if "transform" in account.jobs[job] else {}
    follows = "batch_data_capture_config" in account.jobs[job]
    with hanging():
        arn = account.start(job, {"input.data": account.place(job, "hang"), **single})
        try:
            account.wait_until(lambda: _running(account, job) or not _is_running(account, arn))
            running = _running(account, job)
            yield "runs", bool(running)
            if single:
                account.wait_until(lambda: _uploads(account) > 0 or not _is_running(account, arn))
                yield "uploads", _uploads(account) > 0
            with _rule_turned_off(account, job):
                if not follows:
                    yield "runs on", account.stop(arn)
                ended = partial(_has_stopped, account, running[0])
                # 240 status checks, a minute each in the state machine's time
                yield "stops its job", any(account.wait_until(ended) for _ in range(40 if follows else 1))
            yield "leaves nothing", _uploads(account) == 0
        finally:
            account.stop(arn)
            stop_jobs(account, _running(account, job))


@contextmanager
def _rule_turned_off(account: Account, job: str) -> Iterator[None]:
    """Turn off the rule that stops what a run left running."""
    events = account.client("events")
    rules = account.physical_ids(job, "AWS::Events::Rule", "Monitoring")
    (rule,) = (each.rpartition("|")[2] for each in rules)
    events.disable_rule(Name=rule)
    try:
        yield
    finally:
        events.enable_rule(Name=rule)


def leaves_nothing_running(account: Account, job: str) -> Points:
    """When an execution is stopped, each transform job with its name is stopped, even one that it doesn't know."""
    sagemaker = account.client("sagemaker")
    with hanging():
        arn = account.start(job, {"input": {"data": account.place(job, "hang")}})
        try:
            account.wait_until(lambda: running_of(account, job, arn) or not _is_running(account, arn))
            running = running_of(account, job, arn)
            yield "runs", bool(running)
            described = sagemaker.describe_transform_job(TransformJobName=running[0])
            asked = ("ModelName", "TransformInput", "TransformOutput", "TransformResources")
            unknown = f"{running[0].rpartition('-')[0]}-99"
            sagemaker.create_transform_job(
                TransformJobName=unknown, **{each: described[each] for each in asked}
            )
            yield "runs on", account.stop(arn)
            yield "stops it", account.wait_until(lambda: unknown not in running_of(account, job, arn))
        finally:
            account.stop(arn)
            stop_jobs(account, running_of(account, job, arn))


def takes_over(account: Account, job: str) -> Points:
    """A run takes over a stale lock, and leaves none itself."""
    _clear_locks(account, job)
    ended = account.execution(account.start(job, {"unknown": True}))["executionArn"]
    account.client("s3").put_object(**_lock(account, job), Body=json.dumps({"ExecutionArn": ended}).encode())
    yield "succeeds", _run(account, job, "good")["status"] == "SUCCEEDED"
    yield "leaves no lock", not _locks(account, job)


def waits_for_its_turn(account: Account, job: str) -> Points:
    """A run waits for the one in progress, a further one is skipped, and a place left behind is taken over."""
    _clear_locks(account, job)
    ended = account.execution(account.start(job, {"unknown": True}))["executionArn"]
    place = {"Bucket": account.output_bucket, "Key": f".locks/{job}.waiting"}
    account.client("s3").put_object(**place, Body=json.dumps({"ExecutionArn": ended}).encode())
    started: list[str] = []
    try:
        with hanging():
            started.append(account.start(job, {"input": {"data": account.place(job, "hang")}}))
            yield "runs", account.wait_until(lambda: running_of(account, job, started[0]))
            started.append(account.start(job, {"input": {"data": account.place(job, "good")}}))
            yield "waits", account.wait_until(lambda: account.waits_for_other(started[1]))
            output = json.loads(_run(account, job, "good").get("output") or "{}")
            yield "is skipped", output.get("WaitingExecutionArn") == started[1]
            account.stop(started[0])
        account.wait_until(
            lambda: running_of(account, job, started[1], "Completed") or not _is_running(account, started[1])
        )
        yield "gets the lock", bool(running_of(account, job, started[1], "Completed"))
        yield "leaves nothing", account.wait_until(lambda: not _locks(account, job))
    finally:
        for execution in started:
            account.stop(execution)
        stop_jobs(account, _running(account, job))


def redefines(account: Account, job: str) -> Points:
    """Machine and log groups can be deployed again: AWS then checks the machine's role and the groups' key."""
    states, logs = account.client("stepfunctions"), account.client("logs")
    machine = states.describe_state_machine(stateMachineArn=account.machine(job))
    definition = {name: machine[name] for name in ("stateMachineArn", "definition", "roleArn")}
    yield "the machine is accepted", _is_accepted(partial(states.update_state_machine, **definition))
    for name in account.physical_ids(job, "AWS::Logs::LogGroup"):
        (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if key := group.get("kmsKeyId"):
            associate = partial(logs.associate_kms_key, logGroupName=name, kmsKeyId=key)
            yield f"the log group {name} is accepted", _is_accepted(associate)


def _is_accepted(change: Callable[[], object]) -> bool:
    try:
        change()
    except ClientError:
        return False
    return True


def _lock(account: Account, job: str) -> dict[str, str]:
    return {"Bucket": account.output_bucket, "Key": f".locks/{job}"}


def _locks(account: Account, job: str) -> list[dict[str, str]]:
    """Return the versions of the job's lock and of the run that waits, including delete markers."""
    place = _lock(account, job)
    found = account.client("s3").list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])
    return [
        {name: each[name] for name in ("Key", "VersionId")}
        for kind in ("Versions", "DeleteMarkers")
        for each in found.get(kind, [])
    ]


def _clear_locks(account: Account, job: str) -> None:
    """Delete the locks of stories that stopped a run or failed."""
    for version in _locks(account, job):
        account.client("s3").delete_object(Bucket=account.output_bucket, **version)


def _run(account: Account, job: str, story: str) -> dict[str, Any]:
    return account.execution(account.start(job, {"input": {"data": account.place(job, story)}}))


def _running(account: Account, job: str) -> list[str]:
    sagemaker = account.client("sagemaker")
    listed = sagemaker.list_transform_jobs(NameContains=job, StatusEquals="InProgress")
    return [each["TransformJobName"] for each in listed["TransformJobSummaries"]]


def _has_stopped(account: Account, job_name: str) -> bool:
    return _status(account, job_name) == "Stopped"


def _status(account: Account, job_name: str) -> str:
    described = account.client("sagemaker").describe_transform_job(TransformJobName=job_name)
    return str(described["TransformJobStatus"])


def running_of(account: Account, job: str, execution: str, status: str = "InProgress") -> list[str]:
    """The transform jobs of this run alone."""
    described = account.client("stepfunctions").describe_execution(executionArn=execution)
    run = run_id(execution, described["startDate"])
    listed = account.client("sagemaker").list_transform_jobs(NameContains=f"{job}-{run}", StatusEquals=status)
    return [each["TransformJobName"] for each in listed["TransformJobSummaries"]]


def _is_running(account: Account, arn: str) -> bool:
    described = account.client("stepfunctions").describe_execution(executionArn=arn)
    return bool(described["status"] == "RUNNING")


def _uploads(account: Account) -> int:
    listed = account.client("s3").list_multipart_uploads(Bucket=account.output_bucket)
    return len(listed.get("Uploads", []))


def stop_jobs(account: Account, names: Sequence[str]) -> None:
    """Stop these transform jobs, and end the uploads that are left. A job may end before that, with its upload."""
    sagemaker = account.client("sagemaker")
    for name in names:
        try:
            sagemaker.stop_transform_job(TransformJobName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
    account.wait_until(
        lambda: all(_status(account, name) not in {"InProgress", "Stopping"} for name in names)
    )
    clear_uploads(account)


def clear_uploads(account: Account) -> None:
    s3 = account.client("s3")
    for upload in s3.list_multipart_uploads(Bucket=account.output_bucket).get("Uploads", []):
        with suppress(s3.exceptions.NoSuchUpload):
            s3.abort_multipart_upload(
                Bucket=account.output_bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )


def _transform_job(execution: dict[str, Any]) -> str:
    found = re.search(r'"TransformJobName":\s*"([^"]+)"', execution.get("output") or "")
    return found[1] if found else ""


def _knows_prices(account: Account, execution: str) -> bool:
    """Whether the preflight, the first task of a run, returned a price of each instance type."""
    history = account.client("stepfunctions").get_execution_history(executionArn=execution)
    outputs = (event.get("taskSucceededEventDetails", {}).get("output") for event in history["events"])
    checked = next((json.loads(output)["Payload"] for output in outputs if output), {"prices": [False]})
    return all(checked["prices"])


def _has_objects(account: Account, bucket: str, prefix: str) -> bool:
    return bool(account.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])


def _has_log(account: Account, job_name: str) -> bool:
    streams = account.client("logs").describe_log_streams(
        logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/"
    )["logStreams"]
    return any(each["logStreamName"].endswith("/data-log") for each in streams)


def functions_log(account: Account, job: str | None, since: int, part: str) -> bool:
    """Return whether each function below this part of the job, or of what jobs share, logs lines after `since`."""
    functions, logs = account.client("lambda"), account.client("logs")
    groups = [
        functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        for name in account.physical_ids(job, "AWS::Lambda::Function", part)
    ]

    def have_lines() -> bool:
        # a function's lines arrive when it has ended, which may be after its effects
        return all(
            logs.filter_log_events(logGroupName=group, startTime=since, limit=1)["events"] for group in groups
        )

    return account.wait_until(have_lines)


def _has_metrics(account: Account, job_name: str) -> bool:
    dimensions = [{"Name": "Host", "Value": f"{job_name}/i-1"}]
    listed = account.client("cloudwatch").list_metrics(Namespace=LOG_GROUP, Dimensions=dimensions)
    return bool(listed["Metrics"])


def now() -> int:
    return int(time.time() * 1000)
