"""What differs between the request of a run and that of its retry, as far as it changes results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.errors import RetryError
from batch_transform.job.rules.request_values import member

Values = Mapping[str, Any]

# Members that decide which bytes a record becomes, with their defaults. How many records are sent at once, on which
# instances, and how long they may take doesn't change a result.
_OF_RESULTS: Mapping[tuple[str, ...], object] = {
    ("TransformInput", "ContentType"): None,
    ("TransformInput", "CompressionType"): "None",
    ("TransformInput", "SplitType"): "None",
    ("TransformOutput", "Accept"): None,
    ("TransformOutput", "AssembleWith"): "None",
    ("DataProcessing", "InputFilter"): "$",
    ("DataProcessing", "OutputFilter"): "$",
    ("DataProcessing", "JoinSource"): "None",
    ("Environment",): {},
}
_IDENTITY = ("ImageDigest", "ArchiveHash", "ModelPackageArn", "ModelDataUrl", "Image")
_SHOWN_HASH = 12


def require_same_data(run: str, before: Values, now: Values) -> None:
    """Raise RetryError unless both requests read the same data."""
    first, second = (request["TransformInput"]["DataSource"]["S3DataSource"] for request in (before, now))
    if any(first[name] != second[name] for name in ("S3Uri", "S3DataType")):
        raise RetryError(
            f"the run {run} read {first['S3Uri']} ({first['S3DataType']}), and its retry would read {second['S3Uri']} "
            f'({second["S3DataType"]}): retry it with the same input.data, in its input as {{"input.data": '
            f'"{first["S3Uri"]}"}}'
        )


def changes(before: Values, now: Values) -> list[str]:
    """Return what changes results, one text each: `DataProcessing.OutputFilter: $[0] before, $[0,-1] now`."""
    found = []
    for path, default in _OF_RESULTS.items():
        old, new = (
            default if (value := member(request, path)) is None else value for request in (before, now)
        )
        if old != new:
            found.append(f"{'.'.join(path)}: {old} before, {new} now")
    return found


def model_change(before: Values | None, now: Values | None) -> list[str]:
    """Return how the model differs, as a list of at most one text. Both are `Model` of a run's record.

    A model of the app has a new name after each change of its definition. One with the same name may have been deleted
    and created again. A model that isn't known can't be compared.
    """
    if before is None or now is None:
        return []
    for name in _IDENTITY:
        old, new = before.get(name), now.get(name)
        if old and new and old != new:
            cut = _SHOWN_HASH if name == "ArchiveHash" else None
            return [f"model: {name} {old[:cut]} before, {new[:cut]} now"]
    if before.get("ModelName") != now.get("ModelName"):
        return [f"model: {before.get('ModelName')} before, {now.get('ModelName')} now"]
    return []


def require_accepted(run: str, found: list[str], *, accepted: bool) -> None:
    """Raise RetryError for changes that nobody accepted: results of two definitions would be in one output."""
    if found and not accepted:
        raise RetryError(
            f"the job has changed since the run {run}, so its output would have results of both definitions: "
            f"{'; '.join(found)}; to score everything with the new one, start another run; to complete this one with "
            "it all the same, accept the changes: batch-transform retry --accept-changes, or "
            '"accept_changes": true in the input'
        )
