"""What a deployed job lets a run set at all.

Step Functions fixes which members a call sends when the state machine is made; a run changes their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.spec.members import MEMBERS, Member
from batch_transform.spec.problem import Problem


def undeclared_problems(
    declared: Mapping[str, Any], request: Mapping[str, Any], *, origin: str
) -> Iterator[Problem]:
    """Tell what the run's request sets and the job's does not, or the other way round. `origin` names the job."""
    for member in MEMBERS:
        is_declared, is_given = _has(declared, member), _has(request, member)
        if is_given and not is_declared:
            message = (
                f"is not set in {origin}, so a run cannot set it; set it there to its usual value, and deploy"
            )
            yield Problem("override-undeclared", member.field, message)
        elif is_declared and not is_given:
            yield Problem(
                "override-removed", member.field, f"is set in {origin}; a run can change it, not remove it"
            )


def _has(request: Mapping[str, Any], member: Member) -> bool:
    node: Any = request
    for name in member.path:
        if name not in node:
            return False
        node = node[name]
    return True
