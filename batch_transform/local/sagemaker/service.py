"""The operations of the local SageMaker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker import models, transform_job
from batch_transform.local.sagemaker.endpoints import Endpoints
from batch_transform.local.sagemaker.job_runner import JobRunner
from batch_transform.local.sagemaker.listing import cut, page
from batch_transform.local.sagemaker.model_packages import ModelPackages
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.request_checks import check_request
from batch_transform.local.sagemaker.resource import Resource, Scope, tag_list, tag_map, without_tags
from batch_transform.local.sagemaker.shapes import operation_model, validate
from batch_transform.local.sagemaker.transform_job import TransformJob, describe, event_detail

Request = Mapping[str, Any]
EmitEvent = Callable[[Scope, str, dict[str, Any], list[str]], None]
STOP_SECONDS = 15.0
"""How long `close` waits for running jobs, which abort their uploads."""


class SageMaker:
    """Models, transform jobs, endpoints and model packages, by account and region. Thread safe.

    `emit_event` publishes an EventBridge event: scope, detail type, detail and resource ARNs.
    """

    def __init__(self, runner: JobRunner, emit_event: EmitEvent) -> None:
        self._runner = runner
        self._emit_event = emit_event
        self._models: dict[tuple[Scope, str], Model] = {}
        self._jobs: dict[tuple[Scope, str], TransformJob] = {}
        self._lock = threading.RLock()
        self._endpoints = Endpoints(self._lock, self._model_of_endpoint)
        self._packages = ModelPackages(self._lock)
        self._tables = {**self._endpoints.tables, **self._packages.tables}
        self._operations: Mapping[str, Callable[[Request, Scope], dict[str, Any]]] = {
            "CreateModel": self._create_model,
            "DescribeModel": self._describe_model,
            "DeleteModel": self._delete_model,
            "ListModels": self._list_models,
            "CreateTransformJob": self._create_transform_job,
            "DescribeTransformJob": self._describe_transform_job,
            "StopTransformJob": self._stop_transform_job,
            "ListTransformJobs": self._list_transform_jobs,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
            **self._endpoints.operations,
            **self._packages.operations,
        }
        self._closed = False

    @property
    def operations(self) -> frozenset[str]:
        """The names of the operations that are served."""
        return frozenset(self._operations)

    def call(self, operation: str, request: Request, scope: Scope) -> dict[str, Any]:
        """Answer one API call. Raises RefusedRequestError with AWS's code and, where it is recorded, AWS's text."""
        operation_model(operation)
        if operation not in self._operations:
            known = ", ".join(sorted(self.operations))
            raise RefusedRequestError(
                "UnknownOperationException",
                f"the local AWS does not support SageMaker's {operation}; it supports {known}",
            )
        self._runner.quotas.throttle(operation)
        validate(operation, request)
        given = {name: value for name, value in request.items() if value is not None}
        return self._operations[operation](given, scope)

    def close(self) -> None:
        """Stop the running jobs and wait for them; accept no new ones."""
        with self._lock:
            self._closed = True
            running = [job for job in self._jobs.values() if job.is_running]
        for job in running:
            self._stop(job)
        deadline = time.monotonic() + STOP_SECONDS
        for job in running:
            job.ended.wait(max(0.0, deadline - time.monotonic()))

    def reset(self) -> None:
        """Stop the running jobs, and delete everything."""
        self.close()
        with self._lock:
            self._models.clear()
            self._jobs.clear()
            for table in self._tables.values():
                table.clear()
            self._closed = False

    def state(self) -> dict[str, Any]:
        """Return everything as JSON, for `restore`."""
        with self._lock:
            return {
                "models": [
                    {"account": model.scope.account, "region": model.scope.region, "request": model.request}
                    | {"tags": model.tags, "created": model.created}
                    for model in self._models.values()
                ],
                "transform_jobs": [transform_job.as_json(job) for job in self._jobs.values()],
                **{name: table.as_json() for name, table in self._tables.items()},
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned in an earlier process."""
        with self._lock:
            for kept in state["models"]:
                scope = Scope(kept["account"], kept["region"])
                model = Model(scope, kept["request"], kept["tags"], kept["created"])
                self._models[scope, model.name] = model
            for kept in state["transform_jobs"]:
                job = transform_job.from_json(kept)
                self._jobs[job.scope, job.name] = job
            for name, table in self._tables.items():
                table.restore(state.get(name, []))  # an earlier version did not save every kind

    def job(self, scope: Scope, name: str) -> TransformJob:
        """Return the job; raises RefusedRequestError when there is none."""
        found = self._found(scope, name)
        if found is None:
            # The API reference says ResourceNotFound; the service answers this, and botocore's waiter relies on it.
            raise RefusedRequestError(
                "ValidationException", f'Could not find requested job with name: "{name}"'
            )
        return found

    def _found(self, scope: Scope, name: str) -> TransformJob | None:
        with self._lock:
            return self._jobs.get((scope, name))

    def model(self, scope: Scope, name: str) -> Model:
        """Return the model. Raises RefusedRequestError with the text recorded for CreateTransformJob."""
        with self._lock:
            found = self._models.get((scope, name))
        if found is None:
            raise RefusedRequestError("ValidationException", f'Could not find model "{name}".')
        return found

    def _model_of_endpoint(self, scope: Scope, name: str) -> Model:
        """As `model`, with the text recorded for CreateEndpointConfig, which has the ARN."""
        try:
            return self.model(scope, name)
        except RefusedRequestError as error:
            arn = scope.arn("model", name)
            raise RefusedRequestError(error.code, f'Could not find model "{arn}".') from error

    def model_with_arn(self, scope: Scope, arn: str) -> Model:
        """Return the model; raises RefusedRequestError when there is none."""
        with self._lock:
            for model in self._models.values():
                if model.scope == scope and model.arn == arn:
                    return model
        raise RefusedRequestError("ValidationException", f'Could not find model "{arn}".')

    def _create_model(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        model = Model(scope, members, tags)
        models.check(model)
        self._packages.resolved(model)  # refuses a package that does not exist
        with self._lock:
            if (scope, model.name) in self._models:
                raise RefusedRequestError(
                    "ValidationException", f'Cannot create already existing model "{model.arn}".'
                )
            self._models[scope, model.name] = model
        return {"ModelArn": model.arn}

    def _describe_model(self, request: Request, scope: Scope) -> dict[str, Any]:
        return models.describe(self.model(scope, request["ModelName"]))

    def _delete_model(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            self.model(scope, request["ModelName"])
            del self._models[scope, request["ModelName"]]
        return {}

    def _list_models(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            found = [model for model in self._models.values() if model.scope == scope]
        return page(
            "Models",
            "ModelName",
            [
                {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
                for model in found
            ],
            request,
        )

    def _create_transform_job(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        job = TransformJob(scope, members, tags)
        with self._lock:
            self._refuse_taken_name(job)
            model = self._packages.resolved(self.model(scope, members["ModelName"]))
        check_request(members, model, self._runner.roles.client("s3", model, job))
        with self._lock:
            if self._closed:
                raise RefusedRequestError("ServiceUnavailable", "the local AWS is shutting down")
            self._refuse_taken_name(job)
            self._runner.quotas.admit(
                job, [other for other in self._jobs.values() if other.is_running and other.scope == scope]
            )
            self._jobs[scope, job.name] = job
        self._publish(job)
        threading.Thread(target=self._run, args=(job, model), name=job.name, daemon=True).start()
        return {"TransformJobArn": job.arn}

    def _describe_transform_job(self, request: Request, scope: Scope) -> dict[str, Any]:
        return describe(self.job(scope, request["TransformJobName"]))

    def _stop_transform_job(self, request: Request, scope: Scope) -> dict[str, Any]:
        name = request["TransformJobName"]
        job = self._found(scope, name)
        if job is None:
            raise RefusedRequestError(
                "ValidationException", f'Could not find job to update with name: "{name}"'
            )
        if not job.is_running:
            raise RefusedRequestError(
                "ValidationException",
                f"The request was rejected because the transform job is in status {job.status}.",
            )
        self._stop(job)
        return {}

    def _list_transform_jobs(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            found = [
                describe(job) | {"LastModifiedTime": job.modified}
                for job in self._jobs.values()
                if job.scope == scope
            ]
        return page(
            "TransformJobSummaries",
            "TransformJobName",
            [{name: job[name] for name in _SUMMARY if name in job} for job in found],
            request,
        )

    def _add_tags(self, request: Request, scope: Scope) -> dict[str, Any]:
        tags = self._tags(request["ResourceArn"], scope)
        tags.update(tag_map(request["Tags"]))
        return {"Tags": tag_list(tags)}

    def _list_tags(self, request: Request, scope: Scope) -> dict[str, Any]:
        return cut("Tags", tag_list(self._tags(request["ResourceArn"], scope)), request, default=50)

    def _delete_tags(self, request: Request, scope: Scope) -> dict[str, Any]:
        tags = self._tags(request["ResourceArn"], scope)
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _run(self, job: TransformJob, model: Model) -> None:
        status, failure_reason = self._runner.run(job, model)
        with self._lock:
            job.change(status, failure_reason)
        self._publish(job)
        job.ended.set()
        self._runner.publish_metrics(job, model)

    def _stop(self, job: TransformJob) -> None:
        with self._lock:
            if job.status != "InProgress":
                return
            job.change("Stopping")
        self._publish(job)
        job.stop.set()
        job.interrupt()

    def _publish(self, job: TransformJob) -> None:
        detail = event_detail(describe(job), job.tags)
        self._emit_event(job.scope, "SageMaker Transform Job State Change", detail, [job.arn])

    def _refuse_taken_name(self, job: TransformJob) -> None:
        if (job.scope, job.name) in self._jobs:
            raise RefusedRequestError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, and a job with this name already exists "
                f"({job.arn})",
            )

    def _tags(self, arn: str, scope: Scope) -> dict[str, str]:
        with self._lock:
            resources: list[Resource] = [*self._models.values(), *self._jobs.values()]
            resources += [resource for table in self._tables.values() for resource in table.values()]
            for resource in resources:
                if resource.scope == scope and resource.arn == arn.lower():
                    return resource.tags
        raise RefusedRequestError("ValidationException", f"Could not find resource {arn}")


_SUMMARY = (
    "TransformJobName",
    "TransformJobArn",
    "CreationTime",
    "TransformEndTime",
    "LastModifiedTime",
    "TransformJobStatus",
    "FailureReason",
)
