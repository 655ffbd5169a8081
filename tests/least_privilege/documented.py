"""The tables of docs/reference/permissions.md: the statements of a template, and those that no story proves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from e2e.project_copy import PROJECT
from least_privilege.mutation import Mutation
from least_privilege.policies import Policy

PAGE = PROJECT / "docs/reference/permissions.md"


@dataclass(frozen=True)
class Row:
    """A row of a table: whose policy (`*` stands for anything), which actions or which part, and the rest."""

    owner: str
    permissions: tuple[str, ...]
    rest: tuple[str, ...]

    def is_of(self, policy: Policy) -> bool:
        return fnmatchcase(policy.owner, self.owner)


@cache
def table(title: str) -> tuple[Row, ...]:
    """Return the table below the heading with this title."""
    section = PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = []
    for line in lines:
        owner, permissions, *rest = (cell.strip() for cell in line.strip("|").split(" | "))
        rows.append(Row(owner.strip("`"), tuple(re.findall(r"`([^`]+)`", permissions)), tuple(rest)))
    return tuple(rows)


def rows_of(title: str, policy: Policy) -> list[Row]:
    """Return the table's rows for this policy."""
    return [row for row in table(title) if row.is_of(policy)]


def excepted_by(policy: Policy, mutation: Mutation) -> Row | None:
    """Return the row that says why no story needs this."""
    for row in table("Not proven here"):
        if row.is_of(policy) and _covers(row, mutation):
            return row
    return None


def _covers(row: Row, mutation: Mutation) -> bool:
    """A row names actions, a part as a mutation names it, `Condition KEY`, or `PART in TEXT` of one statement."""
    return set(mutation.taken) <= set(row.permissions) or any(
        _is_part(each, mutation) for each in row.permissions if " " in each
    )


def _is_part(named: str, mutation: Mutation) -> bool:
    part, _, text = named.partition(" in ")
    return mutation.part.startswith(part) and text in json.dumps(mutation.statement)
