"""Writes the text of a job file that makes a given request, with a comment on what each line does."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_transform.adopt.adopted import Adopted, in_full, is_default
from batch_transform.adopt.field_comments import field_comment
from batch_transform.job.errors import BatchTransformError, Problem
from batch_transform.job.files.job_file import JobFiles, read_job_files
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.derived import derived_values
from batch_transform.job.values.fields import FIELD_OF, MEMBERS, ONE_OR_MORE, OVERRIDABLE
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.model_source import NAME_TO_WRITE
from batch_transform.scaffold.yaml_scalar import yaml_comment, yaml_scalar

_WIDTH = 100
_LINES = frozenset({"input.split_type", "output.assemble_with"})
_SECTIONS = [f.name for f in dataclasses.fields(JobSpec)]

Tree = dict[str, Any]


@dataclass(frozen=True)
class _Line:
    """A field's value, and the comment next to it."""

    value: object
    comment: str = ""


def job_text(adopted: Adopted, *, name: str) -> str:
    """Return the job file that makes this request: its members, plus at most AWS's defaults."""
    tree: Tree = {"name": _Line(name)}
    tree["model"] = {"existing": _Line(adopted.request.get("ModelName", NAME_TO_WRITE))}
    is_joined = _member(adopted.request, ("DataProcessing", "JoinSource")) == "Input"
    for member in MEMBERS:
        value = _member(adopted.request, member.path)
        if member.field in _LINES and is_joined:
            value = _member(in_full(adopted.request), member.path)  # by default a join makes it Line
        elif value is None or is_default(member.path, value):
            continue
        _put(tree, member.field, _Line(_tags(value) if member.field == "tags" else value))
    _add_comments(tree, "", adopted)
    sections = sorted(
        tree, key=lambda section: _SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS)
    )
    body = [f"\n{''.join(_lines(section, tree[section], 0))}" for section in sections[1:]]
    return f"{_header(adopted)}name: {yaml_scalar(name)}\n{_model_comment(adopted, body)}"


def read_back(text: str, adopted: Adopted, *, shown_path: str) -> list[Problem]:
    """Return the problems of a job file's text, with `shown_path` as its path.

    Raises BatchTransformError if a valid file makes a different request from the one it was written for.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.yaml"
        path.write_text(text, encoding="utf-8")
        files = read_job_files([path])
    if not files.has_errors:
        _require_equal(files, adopted)
    return [dataclasses.replace(problem, path=shown_path) for problem in files.problems]


def request_of(spec: JobSpec) -> dict[str, Any]:
    """Return the request of a job that names its model, data and output path; whatever it leaves out is empty."""
    return transform_job_request(
        spec,
        model_name=spec.model.existing or "",
        data=spec.input.data or "",
        output_path=spec.output.path or "",
    )


def _require_equal(files: JobFiles, adopted: Adopted) -> None:
    (spec,) = files.jobs
    derived = {one.field for one in derived_values(spec)}
    made, wanted = in_full(request_of(spec)), in_full(adopted.request)
    for member in MEMBERS:
        if any(member.path[: len(path)] == path for path in adopted.unknown):
            continue
        if (got := _member(made, member.path)) != (want := _member(wanted, member.path)) and (got or want):
            if want is None and (_is_left_out(member.field, got) or member.field in derived):
                continue
            raise BatchTransformError(
                f"{member.field} would be sent as {got!r}, not as {want!r}; this is a bug in batch-transform: "
                "report it"
            )


def _is_left_out(field: str, got: object) -> bool:
    """Whether a required member was missing, as it may be in an SDK call or a state, and has the job file's default."""
    default: Any = JobSpec
    for name in field.split("."):
        fields = {f.name: f for f in dataclasses.fields(default)}
        default = fields[name].default
    return bool((default[0] if field in ONE_OR_MORE else default) == got)


def _member(request: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a JSON request
    node: Any = request
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _tags(value: list[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in value}


def _put(tree: Tree, field: str, line: _Line) -> None:
    *sections, last = field.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
    tree[last] = line


def _add_comments(tree: Tree, above: str, adopted: Adopted) -> None:
    for name, node in tree.items():
        field = f"{above}{name}"
        if isinstance(node, _Line):
            tree[name] = dataclasses.replace(node, comment=field_comment(field, adopted.request))
        else:
            _add_comments(node, f"{field}.", adopted)


def _header(adopted: Adopted) -> str:
    lines = [f"Made from {adopted.origin}."]
    if adopted.transform_job_name and adopted.transform_job_name not in adopted.origin:
        lines.append(f"The transform job was called {adopted.transform_job_name}; each run gets a new name.")
    lines += adopted.notes
    lines += [_unknown(path, text) for path, text in adopted.unknown.items() if path != ("ModelName",)]
    return "".join(f"# {yaml_comment(line)}\n" for line in lines)


def _unknown(path: tuple[str, ...], text: str) -> str:
    field = FIELD_OF.get(path, ".".join(path))
    if path[:1] == ("Environment",) and len(path) > 1:
        field = f"transform.env.{path[1]}"
    is_changeable = field in OVERRIDABLE or field.startswith("transform.env.")
    fix = "Write its usual value here; a run can then change it." if is_changeable else "Write it here."
    return f"Left out: {field} was {text}, which is known only when it runs. {fix}"


def _model_comment(adopted: Adopted, body: list[str]) -> str:
    if "ModelName" not in adopted.request:
        was = adopted.unknown.get(("ModelName",))
        why = f"was {was}, which is known only when it runs" if was else "was not found"
        comment = f"  # Write the model's name: it {why}.\n"
    else:
        comment = ""
    comment += (
        "  # An existing SageMaker model. A transform job does not say what its model was made from: to deploy it\n"
        "  # with the stack, replace this with source (a folder) or artifact (a model.tar.gz in S3), and image.\n"
    )
    model, *others = body
    return "".join([model.replace("model:\n", f"model:\n{yaml_comment_lines(comment)}", 1), *others])


def yaml_comment_lines(text: str) -> str:
    """Return comment lines without control characters, which a terminal would act on."""
    return "".join(f"{yaml_comment(line)}\n" for line in text.splitlines())


def _lines(name: str, node: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 - a tree of lines
    indent = "  " * depth
    if isinstance(node, dict):
        yield f"{indent}{yaml_scalar(name)}:\n"
        for below, child in node.items():
            yield from _lines(below, child, depth + 1)
        return
    comment = yaml_comment(node.comment)
    if isinstance(node.value, Mapping):
        yield f"{indent}{yaml_scalar(name)}:{f'  # {comment}' if comment else ''}\n"
        for key, text in node.value.items():
            yield f"{indent}  {yaml_scalar(key)}: {yaml_scalar(text)}\n"
        return
    line = f"{indent}{yaml_scalar(name)}: {yaml_scalar(node.value)}"
    if comment and len(line) + len(comment) + 4 > _WIDTH:
        yield f"{indent}# {comment}\n{line}\n"
    else:
        yield f"{line}{f'  # {comment}' if comment else ''}\n"
