"""Runs a transform job, from its start to its final status."""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from batch_transform.engine.transform_job import Outcome, Progress, run_transform_job
from batch_transform.job.errors import BatchTransformError, RefusedRequestError, TransformJobError
from batch_transform.local.model_server.archive import ModelArchives
from batch_transform.local.model_server.container_start import ContainerStarts
from batch_transform.local.model_server.pool import Lease, ModelServers
from batch_transform.local.sagemaker import container as model_container
from batch_transform.local.sagemaker.execution_role import ExecutionRoles, publish_metrics, require_start
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from batch_transform.local.sagemaker.job_logs import JobLogs
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.pipeline import Pipeline
from batch_transform.local.sagemaker.quotas import Quotas
from batch_transform.local.sagemaker.s3_store import S3_ERRORS, S3Store, keys_of
from batch_transform.local.sagemaker.transform_job import TransformJob, describe

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobRunner:
    """Runs transform jobs with these parts of the local AWS."""

    endpoint_url: str
    roles: ExecutionRoles
    servers: ModelServers
    starts: ContainerStarts
    archives: ModelArchives
    quotas: Quotas

    def run(self, job: TransformJob, model: Model) -> tuple[str, str | None]:
        """Run the job and return its final status and FailureReason. Never raises."""
        instance = f"i-{secrets.token_hex(9)[:17]}-{int(time.time())}"
        try:
            client = self.roles.client("logs", model, job)
        except RefusedRequestError as error:  # the role was deleted after the job was created
            return _ended(job, "Failed", f"ClientError: {error.message}")
        logs = JobLogs(client, job.name, instance)
        try:
            self.quotas.provision(job)
            require_start(self.roles, model, job)
            outcome = self._run(job, model, logs)
        except TransformJobError as error:
            for line in error.log_lines:
                logs.container(line)
            return _ended(job, "Failed", str(error))
        except (BatchTransformError, *S3_ERRORS) as error:
            logs.data_log(str(error))
            return _ended(job, "Failed", f"ClientError: {error}")
        except Exception as error:  # a bug of ours must end the job, not leave it running
            logger.exception("job %s", job.name)
            return _ended(job, "Failed", f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            logs.close()
        return _ended(job, outcome.status, outcome.failure_reason)

    def publish_metrics(self, job: TransformJob, model: Model) -> None:
        """Publish the metrics of a job that has ended."""
        publish_metrics(self.roles, model, job)

    def _run(self, job: TransformJob, model: Model, logs: JobLogs) -> Outcome:
        s3 = self.roles.client("s3", model, job)
        with ExitStack() as leased:
            servers = [
                self._lease(job, model, number, s3=s3, logs=logs, leased=leased)
                for number in range(1, len(model.containers) + 1)
            ]
            if job.stop.is_set():
                return Outcome("Stopped", None, Progress(0, 0, 0, 0))
            job.started = time.time()
            pipeline = Pipeline([HttpInvoker(server.url) for server in servers])
            leased.callback(pipeline.close)
            job.interrupt = pipeline.interrupt
            if job.stop.is_set():  # set since the check above
                pipeline.interrupt()
            store = S3Store(s3, keys_of(job.request))
            outcome = None
            try:
                outcome = run_transform_job(
                    describe(job),
                    store=store,
                    invoker=pipeline,
                    execution_parameters=model_container.execution_parameters(pipeline.first),
                    log=logs.data_log,
                    on_progress=lambda progress: logs.progress(asdict(progress)),
                    stop=job.stop,
                    started_at=datetime.fromtimestamp(job.started, UTC),
                )
            finally:
                if job.stop.is_set() and (outcome is None or outcome.status != "Completed"):
                    store.take_back(self.roles.owner("s3", job.scope))
            return outcome

    def _lease(
        self,
        job: TransformJob,
        model: Model,
        number: int,
        *,
        s3: Any,  # noqa: ANN401  # boto3 makes clients at run time
        logs: JobLogs,
        leased: ExitStack,
    ) -> Lease:
        """Return a server for the container with this number, counted from 1. `leased` gives it back when it closes."""
        container = model.containers[number - 1]
        model_dir = self.archives.unpack(s3, container.get("ModelDataUrl"))
        stream = model_container.log_stream(model, f"{job.name}/{logs.instance_id}", number)
        environment = model_container.environment(
            job, container, self.endpoint_url, self.roles.credentials(model, job)
        )
        environment = self.starts.environment(
            container["Image"],
            model_dir,
            environment,
            s3=lambda: s3,
            isolated=bool(model.request.get("EnableNetworkIsolation")),
            say=lambda line: logs.starting(line, stream),
            stop=job.stop,
        )
        server = leased.enter_context(
            self.servers.lease(container["Image"], model_dir, environment, job.stop)
        )
        if server.output is not None:
            logs.follow_container(stream, server.output, server.output_start)
        return server


def _ended(job: TransformJob, status: str, failure_reason: str | None) -> tuple[str, str | None]:
    """Return the final status: a job that was asked to stop is Stopped, whatever failed meanwhile."""
    if job.stop.is_set() and status != "Completed":
        return "Stopped", None
    return status, failure_reason
