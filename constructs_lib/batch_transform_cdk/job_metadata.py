"""What a job file says, beside the resource that does it: `cdk diff` shows a change there in the file's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batch_transform.job.values.job_spec import JobSpec


def job_metadata(job: JobSpec) -> dict[str, Any]:
    """Return all that the job says, defaults too, as JSON. Folders are left out: each machine has its own."""
    said = _said(job)
    said.pop("job_file", None)
    return said


def _said(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the job's values
    fields = {field.name: _as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return {name: given for name, given in fields.items() if given not in (None, "", [], {})}


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any of the job's values
    if isinstance(value, Path):
        return None
    if dataclasses.is_dataclass(value):
        return _said(value)
    if isinstance(value, tuple | list):
        return [_as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_json(item) for key, item in value.items()}
    return value
