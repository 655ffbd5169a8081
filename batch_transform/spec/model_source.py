"""Where a model comes from, and which of its names are known before a run."""

from __future__ import annotations

from batch_transform.spec.job_spec import ContainerSpec, ModelSpec

SOURCES = ("source", "artifact", "containers", "existing", "endpoint", "package_group")
"""The fields of `model` of which a job says exactly one."""

FOUND_BY_RUN = ("endpoint", "package_group")
"""Those whose model the preflight function finds for each run, in this order of preference."""

NAME_TO_BE_FOUND = "found-when-a-run-starts"
"""Holds the place of ModelName in the declared request until then. Legal, so that the rules pass."""


def given_sources(model: ModelSpec) -> list[str]:
    """Return which of the sources the job says."""
    return [name for name in SOURCES if getattr(model, name) not in (None, ())]


def containers(model: ModelSpec) -> tuple[ContainerSpec, ...]:
    """Return what the stack defines a model of, in the order of the pipeline; () where it defines none."""
    if model.containers or model.image is None or (model.source is None and model.artifact is None):
        return model.containers
    return (ContainerSpec(model.image, model.source, model.artifact, model.env),)
