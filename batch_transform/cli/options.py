"""Options that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from batch_transform.job.errors import DataNotFoundError, InputError
from batch_transform.job.files.regular_file import read_file
from batch_transform.job.request.overrides import Columns, apply_overrides
from batch_transform.job.request.request import Request, transform_job_request
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.job_spec import JobSpec

_STDIN = "-"

jobs_option = click.option(
    "--jobs",
    default=Path("jobs"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder with the job files.",
)

images_option = click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON or YAML file that maps container images to commands that serve them on this machine.",
)

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file that maps models that exist in SageMaker to local folders that stand in for them.",
)

offline_option = click.option(
    "--offline",
    is_flag=True,
    help="Don't download the packages in a model's requirements.txt; use those that an earlier run installed.",
)

ping_timeout_option = click.option(
    "--ping-timeout",
    default=60.0,
    show_default=True,
    help="Seconds within which a model server must answer GET /ping.",
)

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    help="Override a field of the job file for this run, such as data_processing.output_filter='$[-1]'.",
)


def parse_overrides(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Parse NAME=VALUE pairs. Values are YAML, as in the job file: `6` is a number, `$[1:]` a string."""
    parsed = {}
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals or not name:
            raise InputError(f"--set {override}: write NAME=VALUE, such as transform.instance_count=2")
        if name in parsed:
            raise InputError(f"--set {override}: {name} is set twice; keep one")
        try:
            parsed[name] = yaml.safe_load(value)
            json.dumps(parsed[name])
        except (yaml.YAMLError, TypeError) as error:
            raise InputError(
                f"--set {override}: the value is not valid YAML, or has no JSON equivalent ({error}); "
                "put quotes around the value"
            ) from error
    return parsed


def overridden(spec: JobSpec, run_input: Mapping[str, Any]) -> Request:
    """Return the request that the state machine would send for a run with these overrides.

    Names that only a deployment knows are placeholders. Raises RunInputError for overrides that are not allowed.
    """
    declared = transform_job_request(
        spec,
        model_name=spec.model.existing or "model",
        data=spec.input.data or f"s3://input-bucket/{spec.name}/",
        output_path=spec.output.path or f"s3://output-bucket/{spec.name}/",
    )
    columns = Columns(spec.input.columns, spec.output.columns)
    types, limits = spec.transform.instance_type, RunLimits.of(spec)
    return apply_overrides(declared, run_input, columns, instance_types=types, limits=limits).request


def read_overrides(place: str) -> Mapping[str, Any]:
    """Read the overrides in a JSON or YAML file, or in standard input for `-`."""
    try:
        text = sys.stdin.read() if place == _STDIN else read_file(Path(place)).decode()
    except OSError as error:
        raise DataNotFoundError(f"--overrides {place} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--overrides {place} is not UTF-8 text") from error
    try:
        given = yaml.safe_load(text)  # JSON is a subset of YAML
        json.dumps(given)
    except (yaml.YAMLError, TypeError) as error:
        raise InputError(f"--overrides {place} is not valid JSON or YAML: {error}") from error
    if not isinstance(given, Mapping):
        raise InputError(
            f'--overrides {place} must contain a JSON object, such as {{"transform.instance_count": 2}}'
        )
    return given
