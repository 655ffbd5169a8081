"""Looks up the protocol of a service, which decides the content type of its answers, without reading its whole model.

The emulator makes a session of botocore and reads the model of each service that it answers for, which took a third of
its time in a short life. The protocol is in `metadata`, within the first kilobyte of a model.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore
from ministack.core import responses  # type: ignore[import-untyped]  # it has no types

_MODELS = Path(botocore.__file__).parent / "data"
_START_BYTES = 4096


def plug_in() -> None:
    """Replace the lookup for answers; the interpreter keeps its own, which reads shapes."""
    whole_model = responses._service_model

    @cache
    def service_model(service: str) -> Any:  # noqa: ANN401  # the emulator has no types
        metadata = metadata_of(responses._BOTOCORE_NAME.get(service, service))
        return whole_model(service) if metadata is None else SimpleNamespace(metadata=metadata)

    responses._service_model = service_model


def metadata_of(name: str) -> dict[str, Any] | None:
    """Return the metadata of a service's newest model, or None if it isn't found where botocore's models have it."""
    models = sorted((_MODELS / name).glob("*/service-2.json.gz"))
    if not models:
        return None
    with gzip.open(models[-1]) as model:
        start = model.read(_START_BYTES).decode(errors="ignore")
    _, found, rest = start.partition('"metadata":')
    if not found:
        return None
    try:
        metadata, _ = json.JSONDecoder().raw_decode(rest.lstrip())
    except json.JSONDecodeError:
        return None
    return dict(metadata)
