"""Finds the calls in Python code that create a transform job, and the call that created the transformer of each."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from batch_transform.adopt.code_source import Code
from batch_transform.adopt.python_values import Values
from batch_transform.adopt.sdk_parameters import CONSTRUCTORS, JOB_CALLS, TRANSFORM
from batch_transform.job.errors import InputError

BOTO3 = "create_transform_job"
CREATE = "TransformJob.create"
AIRFLOW = "SageMakerTransformOperator"


@dataclass(frozen=True)
class JobCall:
    """A call that creates a job, and the call that created its transformer."""

    kind: str
    node: ast.Call
    maker: ast.Call | None = None
    receiver: ast.expr | None = None


def job_calls(code: Code, values: Values) -> list[JobCall]:
    """Return the calls that create jobs, in the order of the code; if there is none, the Transformer calls."""
    nodes = sorted(
        (node for node in ast.walk(code.tree) if isinstance(node, ast.Call)),
        key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0),
    )
    makers = [node for node in nodes if called(node) in CONSTRUCTORS and _is_maker(node)]
    found = []
    for node in nodes:
        kind = _kind(node)
        if kind is None:
            continue
        receiver = _receiver(kind, node, nodes)
        maker = _maker(receiver, makers, values) if kind in JOB_CALLS else None
        found.append(JobCall(kind, node, maker, receiver))
    found = [one for one in found if not _has_the_config_of_another(one, found, values)]
    strong = [one for one in found if one.maker is not None or not _may_be_another(one.node)]
    return [_only_one(makers, one) for one in strong or found] or [
        JobCall(called(node), node) for node in makers
    ]


def _has_the_config_of_another(call: JobCall, calls: Sequence[JobCall], values: Values) -> bool:
    """Whether an Airflow operator's config comes from `transform_config(...)`: both are one job, not two."""
    config = config_of(call.node) if call.kind == AIRFLOW else None
    if config is None:
        return False
    parts = list(ast.walk(_assigned(config, values)))
    made = {id(part) for part in parts} | {
        id(_assigned(each, values)) for each in parts if isinstance(each, ast.Name)
    }
    return any(id(other.node) in made for other in calls if other is not call)


def config_of(node: ast.Call) -> ast.expr | None:
    """Return the config argument of a call of Airflow's operator."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    return given.get("config") or (node.args[0] if node.args else None)


def _may_be_another(node: ast.Call) -> bool:
    """Whether a call has only data, like `encoder.transform(data=rows)` of another library."""
    return called(node) == "transform" and {keyword.arg for keyword in node.keywords} <= {"data"}


def _kind(node: ast.Call) -> str | None:
    """Return the kind of a call that creates a transform job, or None."""
    name, given = called(node), {keyword.arg for keyword in node.keywords if keyword.arg}
    is_method = isinstance(node.func, ast.Attribute)
    if name == "create" and ast.unparse(node.func).split(".")[-2:-1] == ["TransformJob"]:
        return CREATE
    is_hook = name == BOTO3 and (bool(node.args) or "config" in given)  # boto3's own takes no such arguments
    if name.startswith(AIRFLOW) or is_hook:
        return AIRFLOW
    starts = bool(node.args) and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
    are_its_own = {
        BOTO3: is_method,
        "transform": is_method
        and (bool(given & TRANSFORM.keys()) or (starts and not given) or len(node.args) >= 2),
        "TransformInput": "data" in given or (bool(node.args) and "data_source" not in given),
        "TransformStep": {"data", "transformer"} <= given,
        "transform_config": bool(node.args) or "transformer" in given,
    }
    return name if are_its_own.get(name) else None


def called(node: ast.Call) -> str:
    """Return the last part of the called name."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_maker(node: ast.Call) -> bool:
    """Whether a call is the SDK's `Transformer(...)` or `.transformer(...)`, and not another of the same name."""
    if called(node) == "Transformer":
        return True
    given = {keyword.arg for keyword in node.keywords if keyword.arg}
    is_method = isinstance(node.func, ast.Attribute)
    return is_method and (bool(given & CONSTRUCTORS["transformer"].keys()) or len(node.args) >= 2)


def _receiver(kind: str, node: ast.Call, nodes: Sequence[ast.Call]) -> ast.expr | None:
    """Return the expression for the transformer of a call."""
    if kind == "transform" and isinstance(node.func, ast.Attribute):
        return node.func.value
    if kind == "TransformInput":  # the step that has it as its inputs
        steps = [step for step in nodes if called(step) == "TransformStep"]
        around = [step for step in steps if any(one is node for one in ast.walk(step))]
        for step in around or (steps if len(steps) == 1 else []):
            return next((one.value for one in step.keywords if one.arg == "transformer"), None)
        return None
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    return given.get("transformer") or (node.args[0] if kind == "transform_config" and node.args else None)


def _maker(receiver: ast.expr | None, makers: Sequence[ast.Call], values: Values) -> ast.Call | None:
    found = receiver and _assigned(receiver, values)
    return next((maker for maker in makers if maker is found), None)


def _assigned(value: ast.expr, values: Values) -> ast.expr:
    """Return the expression that a name refers to, following other names."""
    for _ in range(5):
        assigned = values.assigned(value)
        if assigned is value:
            break
        value = assigned
    return value


def _only_one(makers: Sequence[ast.Call], call: JobCall) -> JobCall:
    """Pair a call whose transformer is unknown with the only one in the code: a function must have passed it on."""
    return (
        replace(call, maker=makers[0])
        if len(makers) == 1 and call.kind in JOB_CALLS and not call.maker
        else call
    )


def chosen_call(calls: Sequence[JobCall], number: int | None, code: Code) -> JobCall:
    """Return the call with that number, from 1, or the only one. Raises InputError if there is no such call."""
    listed = "".join(f"\n  {at}: {one.kind}(...), {code.place(one.node)}" for at, one in enumerate(calls, 1))
    if number is None and len(calls) > 1:
        raise InputError(
            f"{code.origin}: has {len(calls)} calls that create a transform job, but a job file holds one job; choose "
            f"one with --call:{listed}"
        )
    if number is not None and not 0 < number <= len(calls):
        raise InputError(
            f"{code.origin}: has no call number {number} that creates a transform job; the calls are:{listed}"
        )
    return calls[(number or 1) - 1]
