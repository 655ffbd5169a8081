"""The JSON Schema of a job file, for editors: what each field may be, and what it means.

It is generated from the declarations in `batch_transform.job.values`. Rules over several fields, such as those of a
join, are left to `batch-transform check`.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from batch_transform.job.aws.limits import IMAGE_URI, Amount, Choice, Limits, TagList, Text, TextMap, Whole
from batch_transform.job.model.framework_images import frameworks, versions
from batch_transform.job.values.fields import FIELDS, ONE_OR_MORE, OVERRIDABLE, written_fields
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, UploadSpec
from batch_transform.job.values.model_source import SOURCES

Schema = dict[str, Any]
_Limits = Limits | tuple[int, ...] | None

# Alternatives: a file has at most one of these fields, or exactly one if `required` says so.
_ONE_OF = {"model": SOURCES, "triggers.schedule": ("cron", "rate")}
_NOT_BOTH = {
    "input": (("columns", "columns_from"),),
    "data_processing": (
        ("input_filter", "send"),
        ("input_filter", "send_except"),
        ("send", "send_except"),
        ("output_filter", "keep"),
    ),
}


def job_schema() -> Schema:
    """Return the schema, in JSON Schema 2020-12. A field without a value counts as left out."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A batch transform job",
        "description": "One file in jobs/ is one SageMaker Batch Transform job.",
        **_structure(JobSpec, ""),
        "$defs": {"run_input": _run_input()},
    }


def _run_input() -> Schema:
    """Return the schema of what a run may change, nested; dotted names at the top level are left to the rules."""
    sections: dict[str, Schema] = {}
    for field in OVERRIDABLE:
        section, _, name = field.partition(".")
        hint = written_fields(typing.cast("type", written_fields(JobSpec)[section]))[name]
        # A variable may be null here, which removes the job's own.
        value = {"type": "object"} if field == "transform.env" else _value(hint, field)
        fields = sections.setdefault(
            section, {"type": "object", "properties": {}, "additionalProperties": False}
        )
        fields["properties"][name] = _or_nothing({"description": FIELDS[field].setting.text, **value})
    sections["transform"]["patternProperties"] = {"^env\\.": {}}
    return {"type": "object", "properties": sections}


def _structure(cls: type, field: str) -> Schema:
    required = [one.name for one in dataclasses.fields(cls) if _is_required(one)]
    properties = {}
    for default, (name, hint) in zip(_defaults(cls), written_fields(cls).items(), strict=True):
        path = f"{field}.{name}" if field else name
        schema = {"description": FIELDS[path].setting.text, **_value(hint, path)}
        shown = default[0] if isinstance(default, tuple) and default else default
        if isinstance(shown, str | int) and shown != "":
            schema["default"] = shown
        properties[name] = schema if name in required else _or_nothing(schema)
    built: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        built["required"] = required
    if field in _ONE_OF:
        built["oneOf"] = [_says(name) for name in _ONE_OF[field]]
    if field in _NOT_BOTH:
        built["allOf"] = [{"not": _says(*pair)} for pair in _NOT_BOTH[field]]
    return built


def _says(*names: str) -> Schema:
    """Return the schema that requires these fields to have a value."""
    something = {"not": {"type": "null"}}
    return {"type": "object", "required": list(names), "properties": dict.fromkeys(names, something)}


def _value(hint: object, field: str) -> Schema:
    if hint == FrameworkImage | str:
        return {"anyOf": [_framework(), _text(IMAGE_URI)]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        structure = _structure(hint, field)
        return {"anyOf": [{"type": "boolean"}, structure]} if hint is UploadSpec else structure
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _list(typing.get_args(hint)[0], field)
    make = _SCHEMAS.get(hint) or _SCHEMAS[origin]
    return make(_limits(field))


def _list(item: type, field: str) -> Schema:
    is_structure = dataclasses.is_dataclass(item)
    inner = field if field in ONE_OR_MORE else f"{field}[]"
    items = _structure(item, inner) if is_structure else _text(_limits(field))
    least, most = FIELDS[field].setting.items
    limits = {"minItems": least, "maxItems": most}
    many = {"type": "array", "items": items} | {name: at for name, at in limits.items() if at is not None}
    return {"anyOf": [items, many]} if field in ONE_OR_MORE else many


def _limits(field: str) -> _Limits:
    setting = FIELDS[field].setting
    return setting.limits if setting.editor_limits is None else setting.editor_limits


def _text(shape: _Limits) -> Schema:
    schema: Schema = {"type": "string"}
    if isinstance(shape, Choice):
        schema["enum"] = list(shape.values)
    elif isinstance(shape, Text):
        if shape.shortest:
            schema["minLength"] = shape.shortest
        if shape.longest is not None:
            schema["maxLength"] = shape.longest
        if shape.pattern is not None:
            schema["pattern"] = f"^(?:{_ecma(shape.pattern)})$"
    return schema


def _ecma(pattern: str) -> str:
    """Return the pattern for JavaScript in Unicode mode, which supports fewer escapes than Python."""
    return re.sub(r"\\/", "/", pattern)


def _whole(shape: _Limits) -> Schema:
    schema: Schema = {"type": "integer"}
    if isinstance(shape, tuple):
        schema["enum"] = list(shape)
    if isinstance(shape, Whole):
        schema["minimum"] = shape.least
        most = shape.most if shape.most is not None else shape.documented_most
        if most is not None:
            schema["maximum"] = most
    return schema


def _amount(shape: _Limits) -> Schema:
    schema: Schema = {"type": "number", "exclusiveMinimum": 0}
    if isinstance(shape, Amount) and shape.most is not None:
        schema["maximum"] = shape.most
    return schema


def _texts(shape: _Limits) -> Schema:
    """Return the schema of a mapping of names to text; a number is passed as written."""
    value: Schema = {"type": ["string", "number"]}
    schema: Schema = {"type": "object", "additionalProperties": value}
    if isinstance(shape, TextMap | TagList):
        schema["maxProperties"] = shape.most
        schema["propertyNames"] = {name: rule for name, rule in _text(shape.key).items() if name != "type"}
        value["maxLength"] = shape.value.longest
    return schema


def _flag(_: _Limits) -> Schema:
    return {"type": "boolean"}


def _of_a_run(_: _Limits) -> Schema:
    return {"anyOf": [{"$ref": "#/$defs/run_input"}]}


_SCHEMAS: dict[object, Callable[[_Limits], Schema]] = {
    str: _text,
    Path: _text,
    int: _whole,
    float: _amount,
    bool: _flag,
    Mapping[str, str]: _texts,
    Mapping[str, Any]: _of_a_run,
}


def _framework() -> Schema:
    """Return the schema of a framework and its versions; the patch version of PyTorch may be left out."""
    known = {framework: list(versions(framework)) for framework in frameworks()}
    known["pytorch"] += list(dict.fromkeys(version.rpartition(".")[0] for version in known["pytorch"]))
    return {
        "type": "object",
        "properties": {"framework": {"enum": list(known)}, "version": {"type": "string"}},
        "required": ["framework", "version"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"framework": {"const": framework}}, "required": ["framework"]},
                "then": {"properties": {"version": {"enum": these}}},
            }
            for framework, these in known.items()
        ],
    }


def _or_nothing(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        schema = {**schema, "enum": [*schema["enum"], None]}
    if "oneOf" in schema:  # it requires properties, which null does not have
        asked = {key: schema[key] for key in schema if key != "description"}
        return {"description": schema["description"], "anyOf": [asked, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _defaults(cls: type) -> list[object]:
    written = written_fields(cls)
    return [field.default for field in dataclasses.fields(cls) if field.name in written]
