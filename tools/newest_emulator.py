"""What a newer release of the emulator breaks in the local AWS, and which of our patches it makes needless.

    python tools/newest_emulator.py                    # the newest release of ministack: `make newest-emulator`
    python tools/newest_emulator.py --release 1.5.33   # another one
    python tools/newest_emulator.py --site FOLDER      # the one that FOLDER holds, which nothing is installed into

The release is installed into a temporary folder. Each hook of `batch_transform/local/emulator/hooks.py` is looked up in
it, and each check below is made against the plain release, without our patches. Exit code 1 says that a hook is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROLE = "arn:aws:iam::000000000000:role/any"
START_SECONDS = 60.0

_PROBLEMS = """
import json
from batch_transform.local.emulator import hooks
print(json.dumps([hooks.installed_release(), hooks.PINNED_RELEASE, list(hooks.problems())]))
"""

Client = Callable[[str], Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Try the local AWS's hooks in another release of the emulator."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--release", help="a release of ministack (default: the newest)")
    which.add_argument("--site", type=Path, help="a folder that holds the package ministack")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        site = options.site or install(options.release, Path(folder) / "site")
        broken = report_hooks(site)
        report_patches(site, Path(folder))
    return 1 if broken else 0


def install(release: str | None, site: Path) -> Path:
    """Install a release, with what it needs, into a folder."""
    package = "ministack" if release is None else f"ministack=={release}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site), package]
    subprocess.run(command, check=True)
    return site


def report_hooks(site: Path) -> int:
    """Print each hook that is broken; return how many are."""
    output = subprocess.run(
        [sys.executable, "-c", _PROBLEMS], env=environment(site), check=True, capture_output=True, text=True
    ).stdout
    release, pinned, problems = json.loads(output)
    say(f"ministack {release}; the local AWS is made for {pinned}")
    for problem in problems:
        say(f"  broken: {problem}")
    say(f"hooks: {f'{len(problems)} broken' if problems else 'all there'}")
    return len(problems)


def report_patches(site: Path, folder: Path) -> None:
    """Print what each check found in the plain release."""
    with plain_emulator(site, folder) as client:
        for patch, check in CHECKS.items():
            try:
                is_right = check(client)
            except Exception as error:  # noqa: BLE001  # whatever the release answers
                say(f"  {patch}: needed: {type(error).__name__}: {str(error)[:150]}")
                continue
            say(f"  {patch}: {'MAY BE NEEDLESS: take it out, and run its tests' if is_right else 'needed'}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def environment(site: Path) -> dict[str, str]:
    """Return the environment in which this Python finds the release before the one that is installed."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}


@contextmanager
def plain_emulator(site: Path, folder: Path) -> Iterator[Client]:
    """Serve the release as it is; give a function that makes clients of it."""
    import boto3  # noqa: PLC0415  # `--help` needs none of it
    from botocore.config import Config  # noqa: PLC0415

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "ERROR",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "TMPDIR": str(folder),
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment(site) | settings, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: is_listening(port), START_SECONDS)

        def client(service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
            return boto3.client(
                service,  # type: ignore[call-overload]  # the stubs list every name as a literal
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106  # the emulator takes any
                config=Config(s3={"addressing_style": "path"}, proxies={}, retries={"total_max_attempts": 1}),
            )

        yield client
    finally:
        process.kill()
        process.wait()


def is_listening(port: int) -> bool:
    """Return whether somebody answers at a port of this machine."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def wait_for(found: Callable[[], Any], seconds: float = 15.0) -> Any:  # noqa: ANN401  # what is found
    """Return what is found in the end; raises TimeoutError when nothing is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.1)
    raise TimeoutError(f"nothing in {seconds:g} s")


def refuses(code: str, call: Callable[..., object], **request: object) -> bool:
    """Return whether a call is refused with this error code."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  # as above

    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"]) == code
    return False


def stack(client: Client, name: str, template: Mapping[str, Any], operation: str = "create_stack") -> str:
    """Create or update a stack; return its last status."""
    cloudformation = client("cloudformation")
    getattr(cloudformation, operation)(StackName=name, TemplateBody=json.dumps(template))

    def ended() -> str:
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return "" if found["StackStatus"].endswith("IN_PROGRESS") else str(found["StackStatus"])

    return str(wait_for(ended))


def execution(client: Client, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a state machine; return the description of its execution."""
    states = client("stepfunctions")
    machine = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex}", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    started = states.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = states.describe_execution(executionArn=started)
        return None if found["status"] == "RUNNING" else found

    found: Mapping[str, Any] = wait_for(ended)
    return found


def buckets(client: Client) -> bool:
    """A stack's bucket has the lifecycle rules of its template."""
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": 7}
    properties = {"BucketName": "checked", "LifecycleConfiguration": {"Rules": [rule]}}
    stack(client, "buckets", {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}})
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket="checked")["Rules"]
    return bool(rules[0]["Expiration"]["Days"] == 7)


def regions_of_listings(client: Client) -> bool:
    """A listing names the region of its bucket, as `buckets.py` makes it."""
    s3 = client("s3")
    s3.create_bucket(Bucket="listed")
    headers = s3.list_objects_v2(Bucket="listed")["ResponseMetadata"]["HTTPHeaders"]
    return bool(headers.get("x-amz-bucket-region") == "us-east-1")


def images(client: Client) -> bool:
    """An image that a repository lacks can't be described."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="checked")
    request = {"repositoryName": "checked", "imageIds": [{"imageTag": "none"}]}
    return refuses("ImageNotFoundException", ecr.describe_images, **request)


def exports(client: Client) -> bool:
    """An export that another stack imports cannot go."""
    topic = {"Type": "AWS::SNS::Topic"}
    output = {"Value": {"Ref": "T"}, "Export": {"Name": "checked"}}
    stack(client, "exporter", {"Resources": {"T": topic}, "Outputs": {"O": output}})
    imported = {"Type": "AWS::SSM::Parameter"}
    properties = {"Type": "String", "Value": {"Fn::ImportValue": "checked"}}
    stack(client, "importer", {"Resources": {"P": imported | {"Properties": properties}}})
    return "ROLLBACK" in stack(client, "exporter", {"Resources": {"T": topic}}, "update_stack")


def alarms(client: Client) -> bool:
    """A template may have an alarm over an anomaly detection band."""
    metric = {"Namespace": "N", "MetricName": "M"}
    metrics = [
        {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
    ]
    properties = {
        "Metrics": metrics,
        "ThresholdMetricId": "band",
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanUpperThreshold",
    }
    template = {"Resources": {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}}
    return stack(client, "alarms", template) == "CREATE_COMPLETE"


def log_reads(client: Client) -> bool:
    """A token that FilterLogEvents did not give is refused."""
    logs = client("logs")
    logs.create_log_group(logGroupName="checked")
    request = {"logGroupName": "checked", "nextToken": "no-token"}
    return refuses("InvalidParameterException", logs.filter_log_events, **request)


def pages(client: Client) -> bool:
    """Lists have a second page."""
    kms, scheduler = client("kms"), client("scheduler")
    target = {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": ROLE}
    for name in ("a", "b"):
        kms.create_key()
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
    has_keys = "NextMarker" in kms.list_keys(Limit=1)
    return has_keys and "NextToken" in scheduler.list_schedules(MaxResults=1)


def schedule_requests(client: Client) -> bool:
    """A schedule that AWS refuses is refused."""
    return refuses(
        "ValidationException",
        client("scheduler").create_schedule,
        Name="odd",
        ScheduleExpression="cron(61 * * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": ROLE},
    )


def metrics(client: Client) -> bool:
    """Step Functions publishes metrics of executions."""
    execution(client, {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    listed = client("cloudwatch").list_metrics(Namespace="AWS/States")["Metrics"]
    return any(metric["MetricName"] == "ExecutionsSucceeded" for metric in listed)


def lambda_errors(client: Client) -> bool:
    """A failed function has its exception's class as the error."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", "def handler(event, context):\n    raise KeyError('x')\n")
    functions = client("lambda")
    functions.create_function(
        FunctionName="odd",
        Runtime="python3.11",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )
    answer = json.load(functions.invoke(FunctionName="odd")["Payload"])
    return bool(answer["errorType"] == "KeyError")


def interpreter(client: Client) -> bool:
    """A path that finds nothing is States.Runtime, a machine's time ends, and a bad definition is refused."""
    missing = {"Type": "Pass", "Parameters": {"a.$": "$.nothing"}, "End": True}
    if execution(client, {"StartAt": "P", "States": {"P": missing}}).get("error") != "States.Runtime":
        return False
    wait = {"Type": "Wait", "Seconds": 1000, "End": True}
    ended = execution(client, {"StartAt": "W", "States": {"W": wait}, "TimeoutSeconds": 1})
    bad = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed", "Next": "S"}}})
    create = client("stepfunctions").create_state_machine
    is_refused = refuses("InvalidDefinition", create, name="bad", definition=bad, roleArn=ROLE)
    return ended["status"] == "TIMED_OUT" and is_refused


CHECKS: Mapping[str, Callable[[Client], bool]] = {
    check.__name__: check
    for check in (
        alarms,
        buckets,
        exports,
        images,
        interpreter,
        lambda_errors,
        log_reads,
        metrics,
        pages,
        regions_of_listings,
        schedule_requests,
    )
}
"""A patch, or a part of one -> whether the plain release does what it is for."""


if __name__ == "__main__":
    sys.exit(main())
