"""The SageMaker Python SDK's calls in a notebook or a script, read as the request that the SDK would make.

The code is parsed and never run.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from batch_transform.authoring.adopted import Adopted, adopt_members
from batch_transform.authoring.python_values import NotKnown, assigned_values, value_of
from batch_transform.authoring.sdk_parameters import (
    CONSTRUCTORS,
    DATA_CAPTURE,
    POSITIONAL,
    SAID_ELSEWHERE,
    TRANSFORM,
    Parameters,
)
from batch_transform.spec.errors import InputError
from batch_transform.spec.request import Request, place
from batch_transform.spec.request_shape import SHAPES, Path

_S3_DATA_TYPE: Path = ("TransformInput", "DataSource", "S3DataSource", "S3DataType")

_BOTO3 = "create_transform_job"


@dataclass(frozen=True)
class _Call:
    """A call and what it is called: `Transformer`, `transformer` or `transform`."""

    name: str
    node: ast.Call


def adopt_sdk_call(source: str, *, origin: str) -> Adopted:
    """Read `Transformer(...)`, or `.transformer(...)`, and `.transform(...)` in Python or in a notebook.

    A call of boto3's `create_transform_job(...)` is read where there is none of the SDK's. Values are literals,
    and names that are set once to such. Raises InputError for what is no Python, for
    no call or several of one kind, and for parameters that the SDK does not have.
    """
    tree = _parsed(_cells(source, origin), origin)
    names = assigned_values(tree)
    members: Request = {}
    later: dict[Path, str] = {}
    notes: list[str] = []
    calls = list(_calls(tree))
    boto3_call = _only(list(_boto3_calls(tree)), origin)
    if boto3_call is not None and not calls:
        return _adopt_boto3_call(boto3_call, names, origin)
    if not calls:
        raise InputError(
            f"{origin}: has no call of Transformer(...) or .transform(...) of the SageMaker SDK, and none of boto3's "
            "create_transform_job(...)"
        )
    for kind in (tuple(CONSTRUCTORS), ("transform",)):
        call = _only([call for call in calls if call.name in kind], origin)
        if call is not None:
            arguments = _arguments(call, names, origin)
            _place_all(call, arguments, members, later, notes)
    if "S3DataType" not in members.get("TransformInput", {}).get("DataSource", {}).get("S3DataSource", {}):
        place(members, _S3_DATA_TYPE, "S3Prefix")  # the default of transform()
    if not any(call.name == "transform" for call in calls):
        notes.append(
            "No call of .transform(...) was there: what is scored, and how it is split, is not told."
        )
    return adopt_members(
        members, origin=f"a call of the SageMaker Python SDK in {origin}", later=later, notes=notes
    )


def _boto3_calls(tree: ast.AST) -> Iterator[_Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == _BOTO3:
            yield _Call(_BOTO3, node)


def _adopt_boto3_call(call: _Call, names: Mapping[str, ast.expr], origin: str) -> Adopted:
    """Read `client.create_transform_job(...)`, whose arguments are the members of the request."""
    members: Request = {}
    later: dict[Path, str] = {}
    for keyword in call.node.keywords:
        value = value_of(keyword.value, names)
        if keyword.arg is not None:
            _place((keyword.arg,), value, members, later)
        elif isinstance(value, dict):
            for name, part in value.items():
                _place((str(name),), part, members, later)
        else:
            raise InputError(
                f"{origin}:{call.node.lineno}: {_BOTO3}(...) spreads **{ast.unparse(keyword.value)}, which is known "
                "only when it runs; give its arguments as JSON, without --from-sdk"
            )
    return adopt_members(members, origin=f"a call of boto3's {_BOTO3} in {origin}", later=later)


def _cells(source: str, origin: str) -> str:
    """Return the code of a notebook, without the lines that are IPython's own; other text as it is."""
    if not source.lstrip().startswith("{"):
        return _plain_python(source)
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError):
        return source  # a set or a dict in Python
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise InputError(f"{origin}: is JSON and no notebook; leave out --from-sdk for a request in JSON")
    code = []
    for cell in notebook["cells"]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = cell.get("source", "")
            code.append("".join(text) if isinstance(text, list) else str(text))
    return _plain_python("\n".join(text for text in code if not text.lstrip().startswith("%%")))


def _plain_python(source: str) -> str:
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def _parsed(source: str, origin: str) -> ast.Module:
    try:
        with warnings.catch_warnings():  # Python's remarks on such as "\d" are for whoever runs it
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        raise InputError(f"{origin}:{error.lineno}: is no Python ({error.msg})") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{origin}: is no Python that can be read ({error})") from error


def _calls(tree: ast.AST) -> Iterator[_Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            is_method = isinstance(node.func, ast.Attribute)
            if name == "Transformer" or (
                is_method and name in {"transformer", "transform"} and _is_sdk(name, node)
            ):
                yield _Call(name, node)


def _is_sdk(name: str, node: ast.Call) -> bool:
    """Tell the SDK's methods from others of the same name, such as scikit-learn's transform(X)."""
    parameters = TRANSFORM if name == "transform" else CONSTRUCTORS[name]
    given = {keyword.arg for keyword in node.keywords if keyword.arg}
    if name == "transform" and not given:
        return bool(node.args) and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
    return bool(given & parameters.keys()) or len(node.args) >= 2


def _only(calls: Sequence[_Call], origin: str) -> _Call | None:
    if len(calls) > 1:
        lines = " and ".join(str(call.node.lineno) for call in calls)
        raise InputError(
            f"{origin}: calls {calls[0].name}(...) {len(calls)} times, on lines {lines}; a job file is one job: "
            "give the lines of one call"
        )
    return calls[0] if calls else None


def _arguments(call: _Call, names: Mapping[str, ast.expr], origin: str) -> dict[str, object]:
    parameters = _parameters(call)
    at = f"{origin}:{call.node.lineno}: {call.name}(...)"
    in_order = list(parameters)[: POSITIONAL[call.name]]
    if len(call.node.args) > len(in_order):
        raise InputError(
            f"{at} has {len(call.node.args)} values without a name; it takes {len(in_order)} at most"
        )
    values: dict[str, object] = {}
    for name, node in zip(in_order, call.node.args, strict=False):
        if isinstance(node, ast.Starred):
            raise InputError(f"{at} spreads {ast.unparse(node)}; write the values themselves")
        values[name] = _value(node, names)
    for keyword in call.node.keywords:
        if keyword.arg is None:
            spread = value_of(keyword.value, names)
            if not isinstance(spread, dict):
                raise InputError(
                    f"{at} spreads **{ast.unparse(keyword.value)}; write its parameters themselves"
                )
            values |= spread
        else:
            values[keyword.arg] = _value(keyword.value, names)
    for name in values:
        if name not in parameters:
            raise InputError(
                f"{at} has no parameter {name} in the SageMaker SDK 2; it takes {', '.join(parameters)}"
            )
    return values


def _parameters(call: _Call) -> Parameters:
    return TRANSFORM if call.name == "transform" else CONSTRUCTORS[call.name]


def _value(node: ast.expr, names: Mapping[str, ast.expr]) -> object:
    if isinstance(node, ast.Name) and isinstance(names.get(node.id), ast.Call):
        node = names[node.id]
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "BatchDataCaptureConfig":
        return {
            DATA_CAPTURE.get(name, name): value_of(value, names)
            for name, value in [
                *zip(DATA_CAPTURE, node.args, strict=False),
                *((keyword.arg or "", keyword.value) for keyword in node.keywords),
            ]
        }
    return value_of(node, names)


def _place_all(
    call: _Call, arguments: Mapping[str, object], members: Request, later: dict[Path, str], notes: list[str]
) -> None:
    parameters = _parameters(call)
    for name, value in arguments.items():
        path = parameters[name]
        if path is None:
            if name in SAID_ELSEWHERE:
                notes.append(f"{name} is left out: {SAID_ELSEWHERE[name]}.")
            elif name == "base_transform_job_name" and isinstance(value, str):
                members.setdefault("TransformJobName", value)
        elif value is not None:
            _place(path, value, members, later)
    if str(members.get("TransformResources", {}).get("InstanceType", "")).startswith("local"):
        del members["TransformResources"]["InstanceType"]
        notes.append(
            "instance_type was the SDK's local mode: to run on this machine use batch-transform run; "
            "write the instance type that AWS shall use."
        )


def _place(path: Path, value: object, members: Request, later: dict[Path, str]) -> None:
    if isinstance(value, NotKnown):
        later[path] = value.text
    elif path == ("Tags",) and (unknown := _unknown_part(value)) is not None:
        later[path] = unknown.text
    elif path == ("Tags",) and isinstance(value, dict):
        place(members, path, [{"Key": key, "Value": str(text)} for key, text in value.items()])
    elif isinstance(value, dict) and (path == ("Environment",) or path not in SHAPES):
        for name, part in value.items():
            _place((*path, str(name)), part, members, later)
    else:
        place(members, path, value)


def _unknown_part(value: object) -> NotKnown | None:
    """Return what is not known in a list or a mapping, or in lists and mappings in it."""
    if isinstance(value, NotKnown):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for found in map(_unknown_part, parts) if found is not None), None)
