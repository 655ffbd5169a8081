"""Links to pages of the AWS console, for texts that people read. Region and names may be CDK tokens.

AWS doesn't document them: they are what the browser's address bar shows.
"""

from __future__ import annotations

from batch_transform.job.aws.partitions import PARTITIONS, partition_of

TRANSFORM_JOB_LOGS = "/aws/sagemaker/TransformJobs"
"""The log group of all transform jobs of an account (Developer Guide of SageMaker, "Logs")."""

DOMAIN_OF_PARTITION = {one.name: one.console for one in PARTITIONS}
"""The console's domain, for a template that doesn't know its partition. A mapping has no default: it needs them all."""


def execution_link(region: str, execution_arn: str) -> str:
    """Return the page of one execution."""
    return f"{_states(region)}/executions/details/{execution_arn}"


def state_machine_link(region: str, state_machine_arn: str, domain: str | None = None) -> str:
    """Return the page of a state machine, with its executions. `domain` is the console's, if the region is a token."""
    return f"{_states(region, domain)}/statemachines/view/{state_machine_arn}"


def transform_jobs_link(region: str) -> str:
    """Return the list of the account's transform jobs, which can be searched by name."""
    return f"{_console(region)}/sagemaker/home?region={region}#/transform-jobs"


def transform_job_log_link(region: str, job_prefix: str) -> str:
    """Return the log streams of the transform jobs whose names begin with this.

    The console encodes everything after its `#` twice, with `$` for `%`.
    """
    group = TRANSFORM_JOB_LOGS.replace("/", "$252F")
    return (
        f"{_console(region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
        f"$3FlogStreamNameFilter$3D{job_prefix}"
    )


def queue_link(
    region: str,
    account: str,
    queue_name: str,
    url_suffix: str = "amazonaws.com",
    domain: str | None = None,
) -> str:
    """Return the page of a queue, where its messages can be read. It is found by the queue's URL, encoded."""
    encoded = f"https%3A%2F%2Fsqs.{region}.{url_suffix}%2F{account}%2F{queue_name}"
    return f"{_console(region, domain)}/sqs/v3/home?region={region}#/queues/{encoded}"


def _states(region: str, domain: str | None = None) -> str:
    return f"{_console(region, domain)}/states/home?region={region}#/v2"


def _console(region: str, domain: str | None = None) -> str:
    if domain is None:
        domain = partition_of(region).console
    return f"https://{region}.{domain}"
