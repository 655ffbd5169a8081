"""A run of single records, put together for the way back: one look at all answers instead of one at each."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.engine.batches import Batch
from batch_transform.engine.records import Records


def merged(run: Sequence[Batch], answers: Sequence[bytes]) -> tuple[Batch, bytes] | None:
    """Return the requests of a run and their answers as if they had been one request.

    None where there is but one request, or one with several lines, or an answer that is not one line.
    """
    if len(run) < 2 or any(batch.count != 1 for batch in run):
        return None
    lines = [answer.removesuffix(b"\n") for answer in answers]
    if not all(answers) or any(b"\n" in line for line in lines):
        return None
    first = run[0].first_line
    texts = [records.text for batch in run for records in batch.originals]
    originals = (Records.of_text(b"\n".join(texts), first, ended=True),) if texts else ()
    return Batch(b"", originals, len(run), first), b"\n".join(lines) + b"\n"
