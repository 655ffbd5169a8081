"""A transform job: all of its objects, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batch_transform.engine.data_capture import write_manifests
from batch_transform.engine.interfaces import ModelInvoker, ObjectStore
from batch_transform.engine.invoke import Model
from batch_transform.engine.progress import Progress, ProgressMeter
from batch_transform.engine.request_groups import RequestGroups
from batch_transform.engine.selection import Selected, selected_objects
from batch_transform.engine.settings import MIB, Settings, effective_settings
from batch_transform.engine.transform_object import Failure, ObjectTransform
from batch_transform.engine.workers import StoppedError, Workers
from batch_transform.job.errors import TransformSettingsError

__all__ = ["Outcome", "Progress", "run_transform_job"]

# Objects that are read at the same time if MaxConcurrentTransforms allows more requests than one object has: enough
# for many small objects, few enough for the upload buffers of large ones.
_MAX_OBJECTS = 16

_PREFETCH_LIMIT = 32 * MIB  # bytes of bodies in flight; up to this many, the same number of bodies may wait
_LONGEST_LOG_LINE = 16 * 1024  # characters; CloudWatch Logs accepts 256 KiB per event


@dataclass(frozen=True)
class Outcome:
    """How a transform job ended: `status` is Completed, Failed or Stopped, as DescribeTransformJob shows it.

    `failure` is that of the first object that failed; None if no object is the cause.
    """

    status: str
    failure_reason: str | None
    progress: Progress
    failure: Failure | None = None


def run_transform_job(
    request: Mapping[str, Any],
    *,
    store: ObjectStore,
    invoker: ModelInvoker,
    execution_parameters: Mapping[str, Any],
    log: Callable[[str], None],
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
    started_at: datetime,
) -> Outcome:
    """Run a transform job to its end.

    `request` is a valid CreateTransformJob request; `execution_parameters` is the container's answer to
    GET /execution-parameters, empty if it has none. `log` receives the lines of the data log, without
    the time and the words `[sagemaker logs]`; it is called only from this thread. `on_progress` is called
    from the job's threads, one at a time, a few times a second and once at the end.

    An object that fails has no `.out`; the others are still scored, and the job ends Failed with the reason of the
    first failed one (SageMaker Developer Guide, "Batch Transform Errors"). When `stop` is set, the job
    ends soon: unfinished objects leave nothing behind, and requests in flight are abandoned.
    Errors of the store (other than DataNotFoundError) are raised after the same cleanup.
    """
    meter = ProgressMeter(on_progress)
    try:
        settings = effective_settings(request, execution_parameters)
        log(str(settings))
        failure = _transform_all(
            settings,
            store=store,
            invoker=invoker,
            log=log,
            meter=meter,
            stop=stop,
            started_at=started_at,
        )
    except TransformSettingsError as error:
        log(str(error))
        return Outcome("Failed", f"ClientError: {error}", meter.finish())
    except StoppedError:
        return Outcome("Stopped", None, meter.finish())
    if failure is None:
        return Outcome("Completed", None, meter.finish())
    reason = f"{failure.failure_class}: See job logs for more information"
    return Outcome("Failed", reason, meter.finish(), failure)


def _transform_all(
    settings: Settings,
    *,
    store: ObjectStore,
    invoker: ModelInvoker,
    log: Callable[[str], None],
    meter: ProgressMeter,
    stop: threading.Event,
    started_at: datetime,
) -> Failure | None:
    """Transform all objects; return the failure of the first one that has no result."""
    ended = threading.Event()

    def is_stopped() -> bool:
        return stop.is_set() or ended.is_set()

    at_a_time = settings.max_concurrent_transforms
    objects_at_a_time = min(at_a_time, _MAX_OBJECTS)
    # Twice as many bodies as requests, so that the next ones are made while the model works. Not for large bodies:
    # their memory matters more than the time.
    has_prefetch = settings.max_payload * at_a_time <= _PREFETCH_LIMIT
    request_workers = Workers(at_a_time, max_items=(1 + has_prefetch) * at_a_time, is_stopped=is_stopped)
    groups = RequestGroups(alone=at_a_time == 1)
    object_workers = Workers(objects_at_a_time, max_items=objects_at_a_time, is_stopped=is_stopped)
    model = Model(invoker, settings, is_stopped, groups, threading.Semaphore(at_a_time))
    transform = ObjectTransform(settings, store, model, request_workers, groups, meter, started_at)
    first_failure: Failure | None = None
    done: list[Selected] = []
    is_empty = True
    try:
        with closing(
            object_workers.in_order(transform.run, selected_objects(settings, store))
        ) as transformed:
            for selected, failure in transformed:
                is_empty = False
                if failure is not None:
                    first_failure = first_failure or failure
                    _log_failure(failure, selected, log)
                elif settings.capture is not None:
                    done.append(selected)
    finally:
        ended.set()
        object_workers.close()
        request_workers.close()
        object_workers.join()  # no object stays half written; requests in flight are not waited for
    if is_empty and settings.is_manifest:
        raise TransformSettingsError(
            f'the manifest "{settings.source}" names no objects; their names follow its {{"prefix": ...}}'
        )
    if is_empty:
        raise TransformSettingsError(
            f'No S3 objects found under S3 URL "{settings.source}" given in input data source'
        )
    write_manifests(settings, store, done, started_at)
    return first_failure


def _log_failure(failure: Failure, selected: Selected, log: Callable[[str], None]) -> None:
    """Log the failure as AWS does: one log event per line, each with the object's name."""
    for line in "\n".join(failure.log_lines).split("\n"):
        log(f"{selected.source.bucket}/{selected.source.key}: {line[:_LONGEST_LOG_LINE]}")
