"""Where a model comes from, and which of its names are known before a run."""

from __future__ import annotations

from typing import Any

from batch_transform.job.values.job_spec import ContainerSpec, ModelSpec

SOURCES = ("source", "artifact", "containers", "existing", "endpoint", "package_group")
"""The fields of `model` of which a job sets exactly one."""

FOUND_BY_RUN = ("endpoint", "package_group")
"""Those whose model the preflight finds for each run."""

NAME_TO_BE_FOUND = "found-when-a-run-starts"
"""The placeholder for ModelName in the declared request until then; it is legal, so the rules pass."""

NAME_TO_WRITE = "name-of-your-model"
"""The placeholder that `adopt` writes into a job file when it doesn't know the model's name."""


def given_sources(model: ModelSpec) -> list[str]:
    """Return the sources that the job sets."""
    return [name for name in SOURCES if getattr(model, name) not in (None, ())]


def containers(model: ModelSpec) -> tuple[ContainerSpec, ...]:
    """Return the containers of the model that the stack defines, in pipeline order; () if it defines none."""
    if model.containers or model.image is None or (model.source is None and model.artifact is None):
        return model.containers
    return (ContainerSpec(model.image, model.source, model.artifact, model.kms_key, model.env),)


def to_be_found(model: ModelSpec) -> dict[str, Any]:
    """Return what the preflight needs to find the model of a run; {} if its name is known.

    The network is in the form that CreateModel accepts.
    """
    if model.endpoint is not None:
        return {"endpoint": model.endpoint}
    if model.package_group is None:
        return {}
    found: dict[str, Any] = {"package_group": model.package_group, "role": model.role}
    if model.env:
        found["env"] = dict(model.env)
    if model.vpc_config is not None:
        found["vpc_config"] = {
            "Subnets": list(model.vpc_config.subnets),
            "SecurityGroupIds": list(model.vpc_config.security_group_ids),
        }
    if model.enable_network_isolation is not None:
        found["enable_network_isolation"] = model.enable_network_isolation
    return found
