"""Stand-ins on this machine for the models that a job finds in SageMaker.

The file maps the name in `model.existing`, `model.endpoint` or `model.package_group` to a model in a folder:

    penguins-v1:
      source: models/penguins
      image: {framework: sklearn, version: 1.2-1}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batch_transform.job.errors import InputError, Problem, StandInsFileError
from batch_transform.job.files.document import MapNode, Reading
from batch_transform.job.files.job_fields import read_value
from batch_transform.job.files.value_readers import got
from batch_transform.job.files.yaml_document import read_document
from batch_transform.job.model.framework_containers import start_variables
from batch_transform.job.model.source_folder import has_default_script
from batch_transform.job.rules.model import image_problems
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, ModelSpec


@dataclass(frozen=True)
class StandIn:
    """A model in a folder, its image and its `env`, like `model.source`, `model.image` and `model.env` of a job."""

    source: Path
    image: FrameworkImage | str
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the container: `env`, and what the image needs to find its code."""
        has_script = has_default_script(self.source)
        return {**start_variables(self.image, self.env, from_source=True, has_script=has_script), **self.env}


def found_in_sagemaker(model: ModelSpec) -> str | None:
    """Return the name of the model, endpoint or package group that a job uses and that no stack defines."""
    name = model.existing or model.endpoint or model.package_group
    return name.rpartition("/")[2] if name else None  # a package group may be given by its ARN


def with_stand_in(job: JobSpec, path: Path | None) -> JobSpec:
    """Return the job with its model replaced by the stand-in; a job whose stack defines its model is unchanged.

    Raises StandInsFileError for problems in the file, and InputError if it does not name the job's model.
    """
    stand_in = stand_in_of(job, path)
    if stand_in is None:
        return job
    model = ModelSpec(source=stand_in.source, image=stand_in.image, env=stand_in.env)
    return dataclasses.replace(job, model=model)


def stand_in_of(job: JobSpec, path: Path | None) -> StandIn | None:
    """Return the stand-in for the job's model; None if the stack defines the model. Raises as `with_stand_in` does."""
    stand_ins = read_stand_ins(path) if path else {}
    name = found_in_sagemaker(job.model)
    if name is None:
        return None
    if name not in stand_ins:
        where = (
            f"add it to {path}"
            if path
            else "write a YAML file that says what stands in for it, and pass that with --models"
        )
        raise InputError(
            f"{name}, the model of the job {job.name}, is in SageMaker and not on this machine; {where}, for example "
            f"{name}: {{source: models/{name}, image: {{framework: sklearn, version: 1.2-1}}}}"
        )
    return stand_ins[name]


def read_stand_ins(path: Path) -> dict[str, StandIn]:
    """Read the file; folders are relative to it. Raises StandInsFileError with every problem in it."""
    reading = Reading()
    document = read_document(path, reading, least="the name of a model, with source and image under it")
    found = dict(_read(document, path, reading)) if document is not None else {}
    if reading.problems:
        in_order = sorted(reading.problems, key=lambda problem: (problem.line, problem.column))
        raise StandInsFileError([dataclasses.replace(problem, path=str(path)) for problem in in_order])
    return found


def _read(document: MapNode, path: Path, reading: Reading) -> Iterator[tuple[str, StandIn]]:
    for entry in document.entries:
        if not isinstance(entry.value, MapNode):
            message = f"must be a mapping with source and image; got {got(entry.value)}"
            reading.wrong("wrong-type", entry.key, message, entry.value.position)
            continue
        own = Reading(root=StandIn, outermost=f"under {entry.key}")
        stand_in = read_value(entry.value, StandIn, own)
        if not own.problems:
            stand_in = dataclasses.replace(stand_in, source=(path.parent / stand_in.source).resolve())
            for problem in _problems(stand_in):
                own.wrong(problem.code, problem.field, problem.message, own.position(problem.field))
        for problem in own.problems:
            at = problem.line or entry.key_position.line
            reading.problems.append(
                dataclasses.replace(problem, field=f"{entry.key}.{problem.field}", line=at)
            )
        yield entry.key, stand_in


def _problems(stand_in: StandIn) -> Iterator[Problem]:
    if not stand_in.source.is_dir():
        message = f"there is no folder {stand_in.source}; correct the path, which is relative to this file"
        yield Problem("source-missing", "source", message)
    yield from image_problems("image", stand_in.image, [])
