"""Runs: one that succeeds, one that fails, one that is refused, one that is stopped, and a second deployment."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from least_privilege.account import Account, wait_until

LOG_GROUP = "/aws/sagemaker/TransformJobs"
SOON = 6.0
"""Seconds within which everything comes that comes at all, on a machine with other work."""


def put_data(account: Account, job: str) -> None:
    """Lay out each story's input, below the job's own prefix."""
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
    }
    for name, text in stories.items():
        account.put_input(job, name, text)
    # where the job's input has a key, S3 binds it to the object or to the bucket: whoever uploads may choose
    account.put_input(job, "good/b", line, bucket_key=True)
    account.put_input(job, "other-header/a", with_header, bucket_key=True)


def completes(account: Account, job: str) -> dict[str, bool]:
    """A run scores its data, and leaves results, captures, logs and metrics."""
    began = _now()
    execution = _run(account, job, "good")
    name = _transform_job(execution)
    outcome = {"succeeds": execution["status"] == "SUCCEEDED" and name != ""}
    if not outcome["succeeds"]:
        return outcome
    run = re.sub(rf"^{job}-|-\d+(r\d+)?$", "", name)
    capture = account.jobs[job].get("batch_data_capture_config")
    return outcome | {
        "has a result": _has_objects(account, account.output_bucket, f"{job}/{run}"),
        "has captures": capture is None or _has_objects(account, "captures-of-mine", f"{job}/"),
        "has its log": _has_log(account, name),
        "functions log": functions_log(account, job, began, "Workflow/Preflight"),
        "has metrics": wait_until(lambda: _has_metrics(account, name), SOON),
    }


def completes_in_parts(account: Account, job: str) -> dict[str, bool]:
    """A run with a large answer, which is uploaded and captured in parts."""
    return {"succeeds": _run(account, job, "large")["status"] == "SUCCEEDED"}


def explains(account: Account, job: str) -> dict[str, bool]:
    """A run with a bad record fails, and says which file and why."""
    began = _now()
    execution = _run(account, job, "mixed")
    cause = execution.get("cause", "")
    return {
        "fails": execution["status"] == "FAILED",
        "names the file": "1 of 2 files have no result" in cause and f"{job}/mixed/b" in cause,
        "quotes the log": "this record is bad" in cause,
        "functions log": functions_log(account, job, began, "Workflow"),
    }


def finds_header(account: Account, job: str) -> dict[str, bool]:
    """A run whose data begin with the names of their columns is refused."""
    return {
        f"{folder} is refused": "begins with the names of its columns"
        in _run(account, job, folder).get("cause", "")
        for folder in ("header", "other-header")
    }


def stops(account: Account, job: str) -> dict[str, bool]:
    """An execution that is stopped stops its transform job, which leaves no half-written object."""
    # the first line's answer is large enough to be sent in parts, the second never comes
    single = {"transform": {"strategy": "SingleRecord"}} if "transform" in account.jobs[job] else {}
    arn = account.start(job, {"input": {"data": account.place(job, "hang")}, **single})
    states, sagemaker = account.client("stepfunctions"), account.client("sagemaker")
    wait_until(lambda: bool(_running(account, job)) or not _is_running(account, arn), SOON)
    running = _running(account, job)
    if not running:
        return {"runs": False}
    if single:
        wait_until(lambda: _uploads(account) > 0 or not _is_running(account, arn), SOON)
    try:
        states.stop_execution(executionArn=arn)
    except states.exceptions.ClientError:
        return {"runs": False}  # it has ended by itself

    def has_stopped() -> bool:
        described = sagemaker.describe_transform_job(TransformJobName=running[0])
        return bool(described["TransformJobStatus"] == "Stopped")

    outcome = {"runs": True, "stops its job": wait_until(has_stopped, SOON)}
    outcome["leaves nothing"] = outcome["stops its job"] and _uploads(account) == 0
    if not outcome["stops its job"]:
        sagemaker.stop_transform_job(TransformJobName=running[0])
        wait_until(has_stopped, SOON)
    _clear_uploads(account)
    return outcome


def takes_over(account: Account, job: str) -> dict[str, bool]:
    """A run takes the lock that an execution has left behind, and leaves none itself."""
    ended = account.execution(account.start(job, {"unknown": True}))["executionArn"]
    place = {"Bucket": account.output_bucket, "Key": f".locks/{job}"}
    s3 = account.client("s3")
    s3.put_object(**place, Body=json.dumps({"ExecutionArn": ended}).encode())
    outcome = {"succeeds": _run(account, job, "good")["status"] == "SUCCEEDED"}
    left = s3.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])
    locks = [*left.get("Versions", []), *left.get("DeleteMarkers", [])]
    for lock in locks:
        s3.delete_object(**place, VersionId=lock["VersionId"])
    return outcome | {"leaves no lock": not locks}


def redefines(account: Account, job: str) -> dict[str, bool]:
    """Machine and log groups can be deployed again: AWS checks the machine's role and the groups' key when they are."""
    states, logs = account.client("stepfunctions"), account.client("logs")
    machine = states.describe_state_machine(stateMachineArn=account.machine(job))
    outcome = {"the machine is taken": True, "its log groups are taken": True}
    try:
        states.update_state_machine(
            stateMachineArn=machine["stateMachineArn"],
            definition=machine["definition"],
            roleArn=machine["roleArn"],
        )
    except states.exceptions.ClientError:
        outcome["the machine is taken"] = False
    for name in account.physical_ids(job, "AWS::Logs::LogGroup"):
        (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        try:
            if "kmsKeyId" in group:
                logs.associate_kms_key(logGroupName=name, kmsKeyId=group["kmsKeyId"])
        except logs.exceptions.ClientError:
            outcome["its log groups are taken"] = False
    return outcome


def _run(account: Account, job: str, story: str) -> dict[str, Any]:
    return account.execution(account.start(job, {"input": {"data": account.place(job, story)}}))


def _running(account: Account, job: str) -> list[str]:
    sagemaker = account.client("sagemaker")
    listed = sagemaker.list_transform_jobs(NameContains=job, StatusEquals="InProgress")
    return [each["TransformJobName"] for each in listed["TransformJobSummaries"]]


def _is_running(account: Account, arn: str) -> bool:
    described = account.client("stepfunctions").describe_execution(executionArn=arn)
    return bool(described["status"] == "RUNNING")


def _uploads(account: Account) -> int:
    listed = account.client("s3").list_multipart_uploads(Bucket=account.output_bucket)
    return len(listed.get("Uploads", []))


def _clear_uploads(account: Account) -> None:
    s3 = account.client("s3")
    for upload in s3.list_multipart_uploads(Bucket=account.output_bucket).get("Uploads", []):
        s3.abort_multipart_upload(
            Bucket=account.output_bucket, Key=upload["Key"], UploadId=upload["UploadId"]
        )


def _transform_job(execution: dict[str, Any]) -> str:
    found = re.search(r'"TransformJobName":\s*"([^"]+)"', execution.get("output") or "")
    return found[1] if found else ""


def _has_objects(account: Account, bucket: str, prefix: str) -> bool:
    return bool(account.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])


def _has_log(account: Account, job_name: str) -> bool:
    streams = account.client("logs").describe_log_streams(
        logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/"
    )["logStreams"]
    return any(each["logStreamName"].endswith("/data-log") for each in streams)


def functions_log(account: Account, job: str | None, since: int, part: str) -> bool:
    """Say whether each function below this part of the job, or of what jobs share, writes lines from then on."""
    functions, logs = account.client("lambda"), account.client("logs")
    groups = [
        functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        for name in account.physical_ids(job, "AWS::Lambda::Function", part)
    ]

    def have_lines() -> bool:
        # a function's lines come when it has ended, which may be after what it did
        return all(
            logs.filter_log_events(logGroupName=group, startTime=since, limit=1)["events"] for group in groups
        )

    return wait_until(have_lines, SOON)


def _has_metrics(account: Account, job_name: str) -> bool:
    dimensions = [{"Name": "Host", "Value": f"{job_name}/i-1"}]
    listed = account.client("cloudwatch").list_metrics(Namespace=LOG_GROUP, Dimensions=dimensions)
    return bool(listed["Metrics"])


def _now() -> int:
    return int(time.time() * 1000)
