"""The table of fields in docs/reference/job-file.md, made of the declarations in `batch_transform.job.values`.

Usage: python -m tools.field_table    # writes it again
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from batch_transform.job.files.job_schema import Schema, job_schema
from batch_transform.job.values.fields import FIELDS

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/job-file.md"

_HEAD = "| field | default | becomes, or means |\n|---|---|---|\n"
_TABLE = re.compile(rf"^{re.escape(_HEAD)}(?:\|.*\n)*", re.MULTILINE)


def with_table(page: str) -> str:
    """Return the page with its table as the fields are declared now."""
    table = _HEAD + "".join(f"{row}\n" for row in _rows(job_schema(), ""))
    return _TABLE.sub(lambda _: table, page, count=1)


def _rows(schema: Schema, above: str) -> Iterator[str]:
    """Yield a row for every field that holds a value: its name, its default and why, its text."""
    for name, field in schema["properties"].items():
        path = f"{above}{name}"
        parts = [field, *field.get("anyOf", [])]
        structure = next((part for part in parts if "properties" in part), None)
        if structure is not None and not isinstance(FIELDS[path].hint, type):
            structure = None if "framework" in structure["properties"] else structure
        if structure is not None:
            yield from _rows(structure, f"{path}.")
            continue
        yield f"| `{path}` | {_default(path, field)} | {field['description']} |"
        if "properties" in field.get("items", {}):
            yield from _rows(field["items"], f"{path}[].")


def _default(path: str, field: Schema) -> str:
    if path == "name":
        return "required"
    if "default" not in field:
        return ""
    default = field["default"]
    shown = f"`{str(default).lower() if isinstance(default, bool) else default}`"
    reason = FIELDS[path].setting.default_reason
    return f"{shown}: {reason}" if reason else shown


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
