"""The environment of a model's container, as far as the job file decides it."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.model.framework_containers import start_variables
from batch_transform.job.values.job_spec import ContainerSpec, JobSpec, ModelSpec


def whole_environment(
    spec: JobSpec, container: ModelSpec | ContainerSpec, *, has_script: bool
) -> dict[str, str]:
    """Return the container's environment: the variables that the template adds, the container's own, and the job's.

    Values that could not be read are left out.
    """
    given = {
        name: value
        for env in (container.env, spec.transform.env)
        if isinstance(env, Mapping)
        for name, value in env.items()
    }
    if container.image is None:
        return given
    start = start_variables(
        container.image, given, from_source=container.source is not None, has_script=has_script
    )
    return {**start, **given}
