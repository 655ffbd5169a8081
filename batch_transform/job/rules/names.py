"""Names of columns and fields that a program gives as one text."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import shown
from batch_transform.job.values.job_spec import JobSpec


def one_text_problems(spec: JobSpec) -> Iterator[Problem]:
    """Refuse a text in the place of a tuple: to Python it is a tuple too, of its letters."""
    processing = spec.data_processing
    given: dict[str, object] = {
        "input.columns": spec.input.columns,
        "data_processing.send": processing.send,
        "data_processing.send_except": processing.send_except,
        "data_processing.keep": processing.keep,
        "output.columns": spec.output.columns,
    }
    for field, names in given.items():
        if isinstance(names, str):
            yield Problem("wrong-type", field, f"must be a tuple of names; write ({shown(names)},)")
