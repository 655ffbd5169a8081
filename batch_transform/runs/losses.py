"""Data that a run may have lost without an error, as counted by the local AWS."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.values.wording import counted
from batch_transform.runs.execution import TransformJobProgress


def losses(job: TransformJobProgress) -> Iterator[str]:
    """Yield a sentence, with the fix, for each kind of loss found. On AWS, which doesn't count them, yield nothing.

    Losses are counted over all data, except changed numbers, which are looked for in a sample.
    """
    counts = job.counts
    if uneven := counts.get("uneven_objects", 0):
        yield _uneven(job, uneven)
    if empty := counts.get("empty_answers", 0):
        yield f"the model's answer to {counted(empty, 'request')} was empty"
    if marks := counts.get("byte_order_marks", 0):
        begin = "begins" if marks == 1 else "begin"
        yield (
            f"{counted(marks, 'file')} {begin} with a byte order mark (EF BB BF), which became part of the first "
            "value; save as UTF-8 without it"
        )
    if changed := counts.get("changed_number"):
        number, becomes = changed
        yield (
            f"the join changed numbers, such as {number} to {becomes}: it writes every number as a float64; write "
            "such numbers as strings"
        )


def _uneven(job: TransformJobProgress, uneven: int) -> str:
    lines, records = job.counts.get("result_lines", 0), job.records or 0
    files = f"in {uneven:,} of {counted(job.files or uneven, 'file')}"
    got = f"{counted(records, 'record')} gave {counted(lines, 'line')} in the results ({files})"
    if lines < records and not job.assembles_lines:
        return f"{got}, since results are concatenated without a separator; write output.assemble_with: Line"
    return f"{got}, so results no longer line up with records; have the model answer one line for each record"
