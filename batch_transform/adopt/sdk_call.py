"""Reads a call that creates a transform job, in any kind of Python source, as the request that it would send.

The code is parsed and never run. Whatever is left out is reported with its place: nothing that affects a record is
dropped silently.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from batch_transform.adopt.adopted import Adopted, LeftOut, adopt_members
from batch_transform.adopt.code_source import Code, read_code
from batch_transform.adopt.job_calls import (
    AIRFLOW,
    BOTO3,
    CREATE,
    JobCall,
    called,
    chosen_call,
    config_of,
    job_calls,
)
from batch_transform.adopt.python_values import NotKnown, Values
from batch_transform.adopt.sdk_parameters import (
    CONSTRUCTORS,
    CREATE_ARGUMENTS,
    DATA_CAPTURE,
    JOB_CALLS,
    POSITIONAL,
    SAID_ELSEWHERE,
    SHAPE_CLASSES,
    Parameters,
    member_of,
)
from batch_transform.job.errors import InputError
from batch_transform.job.request.request import Request, place
from batch_transform.job.values.fields import FIELD_OF, LIMITS_OF_MEMBER, Path

_S3_DATA_TYPE: Path = ("TransformInput", "DataSource", "S3DataSource", "S3DataType")
_FILTERS = frozenset(
    {"input_filter", "output_filter", "join_source", "InputFilter", "OutputFilter", "JoinSource"}
)
_OF_A_DEPLOYMENT: frozenset[Path] = frozenset(
    {
        ("ModelName",),
        ("Tags",),
        ("ExperimentConfig",),
        ("TransformInput", "DataSource", "S3DataSource", "S3Uri"),
        ("TransformOutput", "S3OutputPath"),
        ("TransformOutput", "KmsKeyId"),
        ("TransformResources", "InstanceType"),
        ("TransformResources", "InstanceCount"),
        ("TransformResources", "VolumeKmsKeyId"),
        ("DataCaptureConfig", "DestinationS3Uri"),
        ("DataCaptureConfig", "KmsKeyId"),
    }
)
"""Members that determine where a job runs and don't affect records: code usually computes them."""


@dataclass
class _Reading:
    """What has been read about one job so far."""

    code: Code
    values: Values
    members: Request = field(default_factory=dict)
    later: dict[Path, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    templates_at: str = ""  # the place of an Airflow task, which renders templates in {{ }} at each run

    def put(self, path: Path, value: object) -> None:
        """Put a value at its place in the request, or note that it is not known."""
        if self.templates_at and isinstance(value, str) and ("{{" in value or "{%" in value):
            self._leave_out(path, value, self.templates_at)
        elif isinstance(value, NotKnown):
            self._leave_out(path, value.text, self.code.place(value.node))
        elif path == ("Tags",) and (unknown := _unknown_part(value)) is not None:
            self._leave_out(path, unknown.text, self.code.place(unknown.node))
        elif path == ("Tags",) and isinstance(value, dict):
            place(self.members, path, [{"Key": key, "Value": str(text)} for key, text in value.items()])
        elif isinstance(value, dict) and (path == ("Environment",) or path not in LIMITS_OF_MEMBER):
            for name, part in value.items():
                self.put((*path, str(name)), part)
        elif value is not None:
            place(self.members, path, value)

    def _leave_out(self, path: Path, text: str, where: str) -> None:
        self.later[path] = text
        if path == ("TransformJobName",):
            return  # each run has a new one anyway
        name = f"transform.env.{path[1]}" if path[:1] == ("Environment",) and len(path) > 1 else ""
        name = name or FIELD_OF.get(path, ".".join(path))
        what = f"{name} is {text}, which is known only when the code runs; write its value into the job file"
        self.left_out.append(LeftOut(where, what, path not in _OF_A_DEPLOYMENT))


def adopt_sdk_call(source: str, *, origin: str, call: int | None = None) -> Adopted:
    """Read the call that creates a transform job in Python, a notebook or a Markdown note.

    Supported are `.transform(...)` with its `Transformer(...)` or `.transformer(...)`, also in a pipeline step,
    `TransformJob.create(...)` of SDK 3, boto3's `create_transform_job(...)` and Airflow's
    `SageMakerTransformOperator(...)`. Values are literals, or names that are set once to a literal. `call` selects
    the first, second, ... of several calls. Raises InputError if the code is not valid Python, if it has no call, if
    it has several and `call` is None, and for parameters that the SDK does not have.
    """
    code = read_code(source, origin)
    values = Values(code.tree, objects=SHAPE_CLASSES)
    calls = job_calls(code, values)
    if not calls:
        unread = "".join(f"\n{one}" for one in code.unread)
        raise InputError(
            f"{origin}: has no call that creates a transform job; supported are Transformer(...) and .transform(...) "
            "of the SageMaker SDK, TransformJob.create(...), boto3's create_transform_job(...) and Airflow's "
            f"{AIRFLOW}(...){unread}"
        )
    chosen = chosen_call(calls, call, code)
    templates_at = code.place(chosen.node) if chosen.kind == AIRFLOW else ""
    reading = _Reading(code, values, templates_at=templates_at)
    origin_words = _read(chosen, reading)
    if values.names.is_repeated(chosen.node):
        reading.notes.append(
            "The call is in a loop that creates several transform jobs; this job file is one of them."
        )
    left_out = [
        *(LeftOut("", unread, may_matter=True) for unread in code.unread),
        *reading.left_out,
        *_other_filters(code, values, calls),
    ]
    return adopt_members(
        reading.members,
        origin=f"{origin_words} in {origin}",
        later=reading.later,
        notes=reading.notes,
        left_out=left_out,
    )


def _read(chosen: JobCall, reading: _Reading) -> str:
    """Read a call, and return a description of it."""
    if chosen.kind == BOTO3:
        _read_members(chosen.node, reading)
        return f"a call of boto3's {BOTO3}"
    if chosen.kind == CREATE:
        _read_create(chosen.node, reading)
        return f"a call of {CREATE} of the SageMaker Python SDK"
    if chosen.kind == AIRFLOW:
        _read_airflow(chosen.node, reading)
        return f"a call of Airflow's {called(chosen.node)}"
    _read_sdk(chosen, reading)
    return "a call of the SageMaker Python SDK"


def _read_sdk(chosen: JobCall, reading: _Reading) -> None:
    """Read `.transform(...)`, or a call like it, with the transformer that it belongs to."""
    for node in (chosen.maker, chosen.node):
        if node is not None:
            _place_all(node, reading)
    for name, value, is_sure in reading.values.names.set_attributes(
        chosen.receiver or chosen.node, chosen.node
    ):
        path = CONSTRUCTORS["Transformer"].get(name)
        if path is not None:
            reading.put(path, reading.values.of(value) if is_sure else NotKnown(ast.unparse(value), value))
    if "S3DataType" not in reading.members.get("TransformInput", {}).get("DataSource", {}).get(
        "S3DataSource", {}
    ):
        place(reading.members, _S3_DATA_TYPE, "S3Prefix")  # the default of transform()
    if chosen.kind in CONSTRUCTORS:
        reading.notes.append(
            "There is no call of .transform(...), so the input and how it is split are not known."
        )
    elif chosen.maker is None:
        reading.left_out.append(
            LeftOut(
                reading.code.place(chosen.node),
                "the Transformer(...) of this call is not in the code, so instance type, strategy, accept and output "
                "are left out; write them into the job file",
                may_matter=True,
            )
        )


def _other_filters(code: Code, values: Values, calls: Sequence[JobCall]) -> Iterator[LeftOut]:
    """Yield filters and joins that are in the code but in none of its calls: they may belong to the chosen call."""
    for call in calls:  # so that values used by the other calls don't count
        for given in (*call.node.args, *(keyword.value for keyword in call.node.keywords)):
            values.of(given)
    seen = {
        id(node)
        for root in [one for call in calls for one in (call.node, call.maker) if one is not None]
        + values.used
        for node in ast.walk(root)
    }
    for node in ast.walk(code.tree):
        for name, value in _named_values(node):
            if name in _FILTERS and id(value) not in seen:
                what = f"{name}={ast.unparse(value)} is not part of any call that was read, so it is left out"
                yield LeftOut(code.place(value), what, may_matter=True)


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield names with the values they are given as parameters, members of a dict or targets of an assignment."""
    if isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield target.attr, node.value
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield str(target.slice.value), node.value


def _read_members(node: ast.Call, reading: _Reading) -> None:
    """Read `client.create_transform_job(...)`, whose arguments are the members of the request."""
    for keyword in node.keywords:
        value = reading.values.of(keyword.value)
        if keyword.arg is not None:
            reading.put((keyword.arg,), value)
        elif isinstance(value, dict):
            for name, part in value.items():
                reading.put((str(name),), part)
        else:
            raise InputError(
                f"{reading.code.place(node)}: {BOTO3}(...) unpacks **{ast.unparse(keyword.value)}, which is known "
                "only when the code runs; give the arguments as JSON, without --from-sdk"
            )


def _read_create(node: ast.Call, reading: _Reading) -> None:
    """Read `TransformJob.create(...)`, whose arguments are the API's members in snake case, and objects of them."""
    arguments = {
        name: reading.values.of(value) for name, value in zip(CREATE_ARGUMENTS, node.args, strict=False)
    }
    for keyword in node.keywords:
        value = reading.values.of(keyword.value)
        if keyword.arg is not None:
            arguments[keyword.arg] = value
        elif isinstance(value, dict):
            arguments |= value
        else:
            raise InputError(
                f"{reading.code.place(node)}: {CREATE}(...) unpacks **{ast.unparse(keyword.value)}, which is known "
                "only when the code runs; write the parameters out"
            )
    for name, value in arguments.items():
        if name not in CREATE_ARGUMENTS:
            raise InputError(
                f"{reading.code.place(node)}: {CREATE}(...) has no parameter {name}; its parameters are "
                f"{', '.join(CREATE_ARGUMENTS)}"
            )
        if member := member_of(name):  # session and region are not part of a request
            reading.put((member,), value if member == "Environment" else _in_api_names(value))


def _in_api_names(value: object) -> object:
    """Return a value of SDK 3, which uses snake case, with the API's names."""
    if isinstance(value, dict):
        return {member_of(str(name)) or str(name): _in_api_names(part) for name, part in value.items()}
    return [_in_api_names(part) for part in value] if isinstance(value, list) else value


def _read_airflow(node: ast.Call, reading: _Reading) -> None:
    """Read the `config` of Airflow's operator: a request, or {"Transform": request, "Model": ...}."""
    given = config_of(node)
    config = reading.values.of(given) if given is not None else None
    if not isinstance(config, dict):
        said = (
            f"is {ast.unparse(given)}, which is known only when the code runs"
            if given is not None
            else "is missing"
        )
        raise InputError(
            f"{reading.code.place(node)}: the config of {called(node)}(...) {said}; give it as JSON, without --from-sdk"
        )
    if "Model" in config:
        reading.notes.append("The task also creates a model; define it under model in this file.")
    members = config.get("Transform", config)
    if not isinstance(members, dict):
        raise InputError(
            f'{reading.code.place(node)}: "Transform" in the config is known only when the code runs; give it as JSON, '
            "without --from-sdk"
        )
    for name, value in members.items():
        reading.put((str(name),), value)


def _arguments(node: ast.Call, reading: _Reading) -> dict[str, object]:
    parameters, kind = _parameters(node), called(node)
    at = f"{reading.code.place(node)}: {kind}(...)"
    in_order = list(parameters)[: POSITIONAL[kind]]
    if len(node.args) > len(in_order):
        raise InputError(
            f"{at} has {len(node.args)} positional arguments, but accepts at most {len(in_order)}; correct the call"
        )
    values: dict[str, object] = {}
    for name, argument in zip(in_order, node.args, strict=False):
        if isinstance(argument, ast.Starred):
            raise InputError(f"{at} unpacks {ast.unparse(argument)}; write the values out")
        values[name] = _value(argument, reading)
    for keyword in node.keywords:
        if keyword.arg is None:
            spread = reading.values.of(keyword.value)
            if not isinstance(spread, dict):
                raise InputError(
                    f"{at} unpacks **{ast.unparse(keyword.value)}, which is known only when the code runs; write the "
                    "parameters out"
                )
            values |= spread
        else:
            values[keyword.arg] = _value(keyword.value, reading)
    for name in values:
        if name not in parameters:
            raise InputError(
                f"{at} has no parameter {name} in the SageMaker SDK 2 and 3; its parameters are {', '.join(parameters)}"
            )
    return values


def _parameters(node: ast.Call) -> Parameters:
    return {**CONSTRUCTORS, **JOB_CALLS}[called(node)]


def _value(node: ast.expr, reading: _Reading) -> object:
    found = reading.values.assigned(node) if isinstance(node, ast.Name) else node
    if isinstance(found, ast.Call) and called(found) == "BatchDataCaptureConfig":
        return {
            DATA_CAPTURE.get(name, name): reading.values.of(value)
            for name, value in [
                *zip(DATA_CAPTURE, found.args, strict=False),
                *((keyword.arg or "", keyword.value) for keyword in found.keywords),
            ]
        }
    return reading.values.of(node)


def _place_all(node: ast.Call, reading: _Reading) -> None:
    parameters = _parameters(node)
    for name, value in _arguments(node, reading).items():
        path = parameters[name]
        if path is None:
            if name in SAID_ELSEWHERE:
                reading.notes.append(f"{name} is left out: {SAID_ELSEWHERE[name]}.")
            elif name == "base_transform_job_name" and isinstance(value, str):
                reading.members.setdefault("TransformJobName", value)
        elif value is not None:
            reading.put(path, value)
    if str(reading.members.get("TransformResources", {}).get("InstanceType", "")).startswith("local"):
        del reading.members["TransformResources"]["InstanceType"]
        reading.notes.append(
            "instance_type was the SDK's local mode. To run on this machine, use batch-transform run; here, write the "
            "instance type to use on AWS."
        )


def _unknown_part(value: object) -> NotKnown | None:
    """Return the first unknown value in a list or a mapping, at any depth."""
    if isinstance(value, NotKnown):
        return value
    parts: Sequence[object] = (
        list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    return next((found for found in map(_unknown_part, parts) if found is not None), None)
