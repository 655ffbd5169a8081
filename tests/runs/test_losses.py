from __future__ import annotations

from typing import Any

import pytest

from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.losses import losses


def a_job(*, assembles_lines: bool = True, **counts: Any) -> TransformJobProgress:
    return TransformJobProgress(
        name="churn-1",
        status="Completed",
        records=3,
        files=2,
        seconds=1.0,
        data_processing={},
        accept="text/csv",
        assembles_lines=assembles_lines,
        counts=counts,
    )


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (
            a_job(result_lines=1, uneven_objects=1),
            "3 records gave 1 line in the results (in 1 of 2 files), so results",
        ),
        (a_job(result_lines=1, uneven_objects=2, assembles_lines=False), "write output.assemble_with: Line"),
        (a_job(result_lines=9, uneven_objects=2, assembles_lines=False), "one line for each record"),
        (a_job(empty_answers=2), "the model's answer to 2 requests was empty"),
        (a_job(byte_order_marks=1), "1 file begins with a byte order mark (EF BB BF)"),
        (
            a_job(changed_number=["9007199254740993", "9007199254740992"]),
            "such as 9007199254740993 to 9007199254740992",
        ),
    ],
)
def test_each_kind_of_loss_is_one_sentence(job: TransformJobProgress, text: str) -> None:
    (sentence,) = losses(job)
    assert text in sentence


def test_a_run_without_losses_or_without_counts_reports_none() -> None:
    assert not list(losses(a_job(result_lines=3, uneven_objects=0, empty_answers=0, changed_number=None)))
    assert not list(losses(a_job()))
