"""Runs for the page: one that completed, one that failed, and one of which almost nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from batch_transform.job.run_page.distribution import distribution
from batch_transform.job.run_page.page import RunPage

START = datetime(2026, 11, 30, 2, 0, 1, tzinfo=UTC)
BUCKET = "dev-batchtransform-dataoutput0a1b2c3d-1a2b3c4d5e6f"
RUN = "20261130T020001-1a2b3c4d"


def iso(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_job(
    attempt: int, status: str, times: tuple[float, float, float], reason: str | None = None
) -> dict[str, Any]:
    created, started, ended = times
    return {
        "TransformJobName": f"churn-{RUN}-{attempt}",
        "Round": 0,
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 2,
        "TransformJobStatus": status,
        "FailureReason": reason,
        "CreationTime": iso(created),
        "TransformStartTime": iso(started),
        "TransformEndTime": iso(ended),
        "BillableTimeInSeconds": round(ended - started),
    }


def an_object(number: int, status: str = "Completed") -> dict[str, Any]:
    is_good = status == "Completed"
    key = f"churn/incoming/year=2026/month=11/day=30/customers-{number:05}.csv"
    return {
        "Key": key,
        "ETag": "9b2cf535f27731c974343645a3985328",
        "Size": 1_234_567 + number,
        "OutputKey": f"churn/{RUN}/customers-{number:05}.csv.out",
        "OutputSize": 98_765 if is_good else None,
        "RecordsIn": 10_000,
        "RecordsOut": 9_998 if is_good else None,
        "BadRecords": 2 if is_good else 0,
        "Status": status,
    }


def a_record(**others: Any) -> dict[str, Any]:
    output = f"s3://{BUCKET}/churn/{RUN}"
    execution = f"arn:aws:states:eu-west-1:123456789012:execution:BatchTransformJobsChurnWorkflowStateMachine1A2B:{RUN}"
    record = {
        "SchemaVersion": "1.1",
        "Outcome": "Completed",
        "Job": "churn",
        "JobFile": "jobs/churn.yaml",
        "RunId": RUN,
        "ExecutionArn": execution,
        "StartedBy": {"Type": "Schedule", "Name": None},
        "StartTime": iso(0),
        "EndTime": iso(1480),
        "Input": {"transform": {"max_payload": 2}},
        "Request": {
            "TransformJobName": f"churn-{RUN}-2",
            "ModelName": "churn-7f3a",
            "TransformInput": {
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/churn/incoming/"}
                },
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": output, "Accept": "text/csv", "AssembleWith": "Line"},
            "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        },
        "Filters": {
            "InputFilter": ["tenure", "charges", "plan"],
            "OutputFilter": ["customer_id", "prediction"],
        },
        "Model": {
            "ModelName": "churn-7f3a",
            "Image": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ImageDigest": None,
            "ModelDataUrl": "s3://cdk-hnb659fds-assets-123456789012-eu-west-1/7f3a" + "0" * 60 + ".tar.gz",
            "ArchiveHash": "7f3a" + "0" * 60,
            "ModelPackageArn": None,
            "Containers": None,
        },
        "ModelName": "churn-7f3a",
        "S3Uri": "s3://in/churn/incoming/",
        "S3OutputPath": output,
        "InstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
        "Attempts": 2,
        "TransformJobs": [
            a_job(
                1,
                "Failed",
                (4, 250, 400),
                "InternalServerError: We encountered an internal error. Please try again.",
            ),
            a_job(2, "Completed", (402, 640, 1440)),
        ],
        "Objects": {"Total": 640, "Success": 640, "Error": 0},
        "Records": {"Total": 6_400_000, "Success": 6_398_720, "Error": 1_280},
        "Reconciliation": {"By": "records", "Result": "Matched", "Mismatches": []},
        "BadRecords": 1280,
        "Price": {
            "AmountPerHour": 0.257,
            "Currency": "USD",
            "InstanceType": "ml.m5.xlarge",
            "Region": "eu-west-1",
            "Date": "2026-11-30",
            "Source": "AWS Price List",
        },
        "Cost": {"Amount": 0.1356, "Currency": "USD"},
        "Error": None,
        "Cause": None,
        "Retries": [],
    }
    return {**record, **others}


STATES = [
    ("PrepareRun", 0.0, 0.02),
    ("Preflight", 0.02, 2.4),
    ("CheckRunLock", 2.4, 2.45),
    ("ListInputs", 2.45, 4.0),
    ("Transform", 4.0, 401.0),
    ("ChooseRetry", 401.0, 401.0),
    ("NextAttempt", 401.0, 402.0),
    ("Transform", 402.0, 1445.0),
    ("CountResults", 1445.0, 1450.0),
    ("Reconcile", 1450.0, 1476.0),
    ("WriteRecord", 1476.0, 1479.0),
]


def states(*spans: tuple[str, float, float]) -> list[tuple[str, datetime, datetime]]:
    return [(name, START + timedelta(seconds=a), START + timedelta(seconds=b)) for name, a, b in spans]


def bad_record(number: int) -> dict[str, Any]:
    return {
        "Object": f"s3://in/churn/incoming/year=2026/month=11/day=30/customers-{number:05}.csv",
        "Line": 4711 + number,
        "Offset": 123_456,
        "Length": 42,
        "Round": 2,
        "Reason": "400: could not convert string to float: 'n/a'",
        "Record": "id-99,n/a,basic,<b>not bold</b>",
    }


def completed() -> RunPage:
    """A run with everything on its page, and a run before it."""
    before = distribution([f"{(number % 97) / 97:.3f}" for number in range(20_000)])
    return RunPage(
        a_record(),
        objects=[an_object(number) for number in range(500)],
        bad_records=[bad_record(number) for number in range(100)],
        states=states(*STATES),
        predictions=distribution(
            [f"{((number % 89) / 89) ** 2:.3f}" for number in range(30_000)], like=before
        ),
        earlier=before,
    )


CAUSE = """\
job churn (jobs/churn.yaml): transform job churn-20261130T020001-1a2b3c4d-1 on s3://in/churn/incoming/: ClientError: \
See job logs for more information
2 of 640 files have no result: s3://in/churn/incoming/customers-00007.csv, s3://in/churn/incoming/customers-00008.csv
next step: fix the data or the filters that the log points to, then start the run again
log: group /aws/sagemaker/TransformJobs, streams churn-20261130T020001-1a2b3c4d-1/…
s3://in/churn/incoming/customers-00007.csv:
  ClientError: 400
  Message: could not convert string to float: 'n/a' <script>alert(1)</script>"""


def failed() -> RunPage:
    """A run that failed with two objects without a result."""
    classes = ["stays"] * 600 + ["leaves"] * 300 + ["unsure"] * 100
    return RunPage(
        a_record(
            Outcome="Failed",
            Error="BatchTransform.TaskFailed",
            Cause=CAUSE,
            TransformJobs=[
                a_job(1, "Failed", (4, 250, 700), "ClientError: See job logs for more information")
            ],
            Objects={"Total": 640, "Success": 638, "Error": 2},
            Records={"Total": None, "Success": None, "Error": None},
            Reconciliation={"By": "objects", "Result": "NotChecked", "Mismatches": []},
            BadRecords=0,
            StartedBy={"Type": "Person", "Name": "ann"},
        ),
        objects=[
            an_object(7, "Failed"),
            an_object(8, "Failed"),
            *[an_object(number) for number in range(9, 20)],
        ],
        states=states(
            ("Preflight", 0, 2.4),
            ("Transform", 4, 701),
            ("Diagnose", 701, 705),
            ("WriteRecordAfterFailure", 705, 707),
        ),
        predictions=distribution(classes),
    )


def refused() -> RunPage:
    """A run that the preflight refused: it has no request, no transform job and no cost."""
    nothing = dict.fromkeys(
        ("Request", "Filters", "Model", "ModelName", "S3Uri", "Price", "Cost", "Attempts", "Input", "JobFile")
    )
    unknown = dict.fromkeys(("Total", "Success", "Error"))
    return RunPage(
        a_record(
            **nothing,
            Outcome="Failed",
            Error="DataNotFoundError",
            Cause="job churn: the preflight failed: there is no object below s3://in/churn/incoming/",
            TransformJobs=[],
            InstanceTypes=[],
            Objects=unknown,
            Records=unknown,
            Reconciliation={"By": "objects", "Result": "NotChecked", "Mismatches": []},
            BadRecords=0,
            StartedBy={"Type": "Unknown", "Name": None},
            EndTime=iso(3),
        )
    )
