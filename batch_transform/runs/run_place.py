"""Where the results of a run of a deployed job are."""

from __future__ import annotations

from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.execution import Clients
from batch_transform.runs.past_runs import FoundRun
from batch_transform.runs.run_jobs import own_jobs, run_jobs


def output_place(found: FoundRun, clients: Clients) -> S3Uri:
    """Return the prefix that the run writes below: of its transform jobs or, before there is one, of the job.

    Raises AwsCallError and NotDeployedError.
    """
    with aws_calls():
        jobs = run_jobs(found.run, clients.sagemaker)
    if jobs:
        return S3Uri.parse(own_jobs(jobs)[-1].output_path)
    declared = deployed_request(found.job.state_machine_arn, clients.stepfunctions)
    path = str(declared.request["TransformOutput"]["S3OutputPath"])
    return S3Uri.parse(f"{path.rstrip('/')}/{found.run}")
