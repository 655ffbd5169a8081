"""Links to pages of the AWS console, for texts that people read. Region and names may be CDK tokens.

AWS doesn't document them: they are what the browser's address bar shows.
"""

from __future__ import annotations

TRANSFORM_JOB_LOGS = "/aws/sagemaker/TransformJobs"
"""The log group of all transform jobs of an account (Developer Guide of SageMaker, "Logs")."""

_DOMAINS = {
    "cn-": "console.amazonaws.cn",
    "eusc-": "console.amazonaws-eusc.eu",
    "us-gov-": "console.amazonaws-us-gov.com",
}
"""The console's domain outside the `aws` partition, by the start of the region. A CDK token as the region has none of
these starts, and so the domain of the `aws` partition."""


def execution_link(region: str, execution_arn: str) -> str:
    """Return the page of one execution."""
    return f"{_states(region)}/executions/details/{execution_arn}"


def state_machine_link(region: str, state_machine_arn: str) -> str:
    """Return the page of a state machine, with its executions."""
    return f"{_states(region)}/statemachines/view/{state_machine_arn}"


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


def queue_link(region: str, account: str, queue_name: str, url_suffix: str = "amazonaws.com") -> str:
    """Return the page of a queue, where its messages can be read. It is found by the queue's URL, encoded."""
    encoded = f"https%3A%2F%2Fsqs.{region}.{url_suffix}%2F{account}%2F{queue_name}"
    return f"{_console(region)}/sqs/v3/home?region={region}#/queues/{encoded}"


def _states(region: str) -> str:
    return f"{_console(region)}/states/home?region={region}#/v2"


def _console(region: str) -> str:
    domain = next(
        (domain for start, domain in _DOMAINS.items() if region.startswith(start)), "console.aws.amazon.com"
    )
    return f"https://{region}.{domain}"
