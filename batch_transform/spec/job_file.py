"""Job files: YAML in, JobSpec out, or every problem of every file with its line and column."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from batch_transform.spec.document import Entry, ListNode, MapNode, Node, Position, Scalar
from batch_transform.spec.errors import JobFileError, SampleHeaderError
from batch_transform.spec.job_fields import read_fields
from batch_transform.spec.job_problems import problems
from batch_transform.spec.job_spec import ContainerSpec, FrameworkImage, JobSpec
from batch_transform.spec.problem import Problem
from batch_transform.spec.reading import Reading
from batch_transform.spec.rules import UNRESOLVED
from batch_transform.spec.rules.join import ASKED_BY
from batch_transform.spec.rules.shape import shown
from batch_transform.spec.sample_header import read_header
from batch_transform.spec.stack_outputs import state_machine_output

_TAG = "tag:yaml.org,2002:"
_TOP = Position(1, 1)
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_SCALARS = {
    "bool": _CONSTRUCTOR.construct_yaml_bool,
    "int": _CONSTRUCTOR.construct_yaml_int,
    "float": _CONSTRUCTOR.construct_yaml_float,
    "null": _CONSTRUCTOR.construct_yaml_null,
}


@dataclass(frozen=True)
class JobFiles:
    """Job files as read. `jobs` are those without errors; `problems` holds errors and warnings, in file order.

    `without_source` are those whose only errors are that a model's folder is not there, as before it is made.
    """

    jobs: tuple[JobSpec, ...]
    problems: tuple[Problem, ...]
    without_source: tuple[JobSpec, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether a file must be mended first."""
        return any(problem.is_error for problem in self.problems)


def load_job_file(path: Path | str) -> JobSpec:
    """Return the job of one file. Raises JobFileError when it has errors; warnings pass."""
    return load_job_files([path])[0]


def load_job_files(paths: Iterable[Path | str]) -> list[JobSpec]:
    """Return the jobs of all files, in the order given. Raises one JobFileError with all problems of all files."""
    files = read_job_files(paths)
    if files.has_errors:
        raise JobFileError(files.problems)
    return list(files.jobs)


def read_job_files(paths: Iterable[Path | str]) -> JobFiles:
    """Return jobs and problems of all files. Raises nothing for what is wrong in a file, or with reading it."""
    jobs: list[JobSpec] = []
    without_source: list[JobSpec] = []
    found: list[Problem] = []
    taken: dict[str, tuple[str, str]] = {}
    for path in paths:
        job, reading = _read(Path(path))
        if job is not None and job.name != UNRESOLVED:
            output = state_machine_output(job.name)
            if output in taken:
                message = _name_is_taken(job.name, *taken[output])
                reading.wrong("name-duplicate", "name", message, reading.position("name"))
            else:
                taken[output] = (job.name, str(path))
        in_order = sorted(reading.problems, key=lambda problem: (problem.line, problem.column))
        found += [dataclasses.replace(problem, path=str(path)) for problem in in_order]
        errors = {problem.code for problem in reading.problems if problem.is_error}
        if job is not None and not errors:
            jobs.append(job)
        elif job is not None and errors == {"source-missing"}:
            without_source.append(job)
    return JobFiles(tuple(jobs), tuple(found), tuple(without_source))


def _name_is_taken(name: str, other: str, path: str) -> str:
    """Names that differ only so would share an output of the stack, by which the command line finds a job."""
    if name == other:
        return f"{shown(name)} is also the name of the job in {path}; give each its own"
    return (
        f"{shown(name)} and {shown(other)}, the job in {path}, differ only in hyphens or capitals, and would share "
        "a stack output; rename one"
    )


def _read(path: Path) -> tuple[JobSpec | None, Reading]:
    reading = Reading()
    document = _document(path, reading)
    if document is None:
        return None, reading
    job = dataclasses.replace(read_fields(document, reading), job_file=str(path))
    job = _with_sample_columns(_with_source_folders(job, path, reading), path, reading)
    for problem in [problem for problem in problems(job) if not reading.has_doubt_about(problem.field)]:
        at = reading.position(problem.field, asked_by=ASKED_BY.get(problem.code, ""))
        reading.problems.append(dataclasses.replace(problem, line=at.line, column=at.column))
    return job, reading


def _with_source_folders(job: JobSpec, path: Path, reading: Reading) -> JobSpec:
    """Return the job with its model folders as absolute paths, which the file gives relative to itself."""

    def container(at: int, given: ContainerSpec) -> ContainerSpec:
        field = f"model.containers[{at}].source"
        return dataclasses.replace(given, source=_folder(given.source, given.image, field, path, reading))

    model = job.model
    source = _folder(model.source, model.image, "model.source", path, reading)
    pipeline = tuple(container(at, given) for at, given in enumerate(model.containers))
    return dataclasses.replace(job, model=dataclasses.replace(model, source=source, containers=pipeline))


def _folder(
    source: Path | None, image: FrameworkImage | str | None, field: str, path: Path, reading: Reading
) -> Path | None:
    if not isinstance(source, Path):
        return source
    folder = (path.parent / source).resolve()
    at = reading.position(field)
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        mend = "make the folder, or correct the path"
        reading.wrong("source-missing", field, f"'{source}' {what}, seen from {path.parent}; {mend}", at)
    elif isinstance(image, FrameworkImage) and not (folder / "code" / "inference.py").is_file():
        reading.wrong(
            "source-without-code",
            field,
            f"'{source}' has no code/inference.py, which AWS's framework containers load "
            "(model_fn, input_fn, predict_fn, output_fn); add it",
            at,
        )
    return folder


def _with_sample_columns(job: JobSpec, path: Path, reading: Reading) -> JobSpec:
    """Return the job with the columns that the header of `input.columns_from` names."""
    sample = job.input.columns_from
    if not isinstance(sample, Path):
        return job
    field = "input.columns_from"
    at = reading.position(field)
    columns: tuple[str, ...] = (UNRESOLVED,)
    if job.input.columns:
        reading.wrong("columns-twice", field, "says the same as input.columns; keep one of them", at)
        columns = job.input.columns
    else:
        try:
            columns = read_header(path.parent / sample)
        except SampleHeaderError as error:
            reading.wrong("columns-from-unreadable", field, f"'{sample}' {error}", at)
        else:
            # What is wrong with the names is shown where the sample is named.
            reading.keys["input.columns"] = reading.values["input.columns"] = at
    given = dataclasses.replace(job.input, columns=columns, columns_from=(path.parent / sample).resolve())
    return dataclasses.replace(job, input=given)


def _document(path: Path, reading: Reading) -> MapNode | None:
    """Read the file's YAML; what is wrong with it is noted, and None returned."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        reading.wrong("file-not-found", "file", "there is no such file", _TOP)
        return None
    except OSError as error:
        reading.wrong("file-unreadable", "file", f"cannot be read: {error.strerror}", _TOP)
        return None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        at = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        reading.wrong("not-utf-8", "file", "is not UTF-8 text; save it as UTF-8", at)
        return None
    node = _node(text, reading)
    if isinstance(node, MapNode):
        return node
    if node is None or (isinstance(node, Scalar) and node.value is None):
        if not reading.problems:
            reading.wrong("file-empty", "file", "says nothing; write at least name and model", _TOP)
    else:
        reading.wrong("file-not-mapping", "file", "must be fields, such as name: my-job", node.position)
    return None


def _node(text: str, reading: Reading) -> Node | None:
    """Return the document's root; nodes keep their marks since they are composed, and not constructed."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if root is None else _Conversion(reading).node(root, "")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        at = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        reading.wrong(
            "yaml-character", "file", f"YAML allows no character U+{error.character:04X}; remove it", at
        )
    except yaml.MarkedYAMLError as error:
        # What was left open is seen only at its end: show where it begins.
        is_open = "quoted scalar" in (error.context or "") or "simple key" in (error.context or "")
        mark = (error.context_mark if is_open else error.problem_mark) or error.context_mark
        at = _TOP if mark is None else _position(mark)
        told = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for sign, hint in _SYNTAX_HINTS if sign in told), "check quotes and indentation")
        reading.wrong("yaml-syntax", "file", f"this is no YAML ({told}); {hint}", at)
    except RecursionError:
        reading.wrong("yaml-too-deep", "file", "is nested too deeply for a job file", _TOP)
    return None


_SYNTAX_HINTS = (
    ("\\t", "indent with spaces, not with tabs"),
    ("alias", "write a value that begins with * in quotes"),
    ("another document", "a file holds one job: remove the line --- and what follows, or make two files"),
    (
        "',' or",
        "inside { } and [ ], write values that hold brackets, commas, colons or question marks in quotes",
    ),
    (
        "mapping values are not allowed",
        "write a value that holds a colon and a blank in quotes, or check the indentation",
    ),
    ("quoted scalar", "close the quotes"),
    ("cannot start any token", "write the value in quotes"),
    ("could not find expected ':'", "a field is written as name, colon, blank, value"),
    ("<block end>", "check the indentation; write values that begin with a bracket or a quote in quotes"),
)


def _position(mark: yaml.Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)


class _Conversion:
    """From YAML's nodes to a document, each node once, so that aliases cannot make it grow."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._done: dict[yaml.Node, Node] = {}
        self._open: set[yaml.Node] = set()

    def node(self, node: yaml.Node, of: str) -> Node:
        if node in self._open:
            return self._wrong("yaml-alias", of, "is an alias of something that it is inside of", node)
        if node not in self._done:
            self._open.add(node)
            self._done[node] = self._converted(node, of)
            self._open.remove(node)
        return self._done[node]

    def _converted(self, node: yaml.Node, of: str) -> Node:
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return MapNode(tuple(self._entries(node, of).values()), _position(node.start_mark))
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            items = tuple(self.node(item, f"{of}[{at}]") for at, item in enumerate(node.value))
            return ListNode(items, _position(node.start_mark))
        if isinstance(node, yaml.ScalarNode) and node.tag.startswith(_TAG):
            return self._scalar(node, of)
        return self._wrong("yaml-tag", of, f"a job file knows no tag such as {node.tag}; remove it", node)

    def _entries(self, node: yaml.MappingNode, of: str) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong("yaml-key", of, "a field's name must be a text", key)
            elif key.tag == f"{_TAG}merge":
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(part, yaml.MappingNode):
                        merged = self._entries(part, of) | merged
                    else:
                        self._wrong("yaml-merge", of, "<< takes a mapping, or a list of them", part)
            elif key.value in entries:
                first = entries[key.value].key_position.line
                at = f"{of}.{key.value}".lstrip(".")
                self._wrong("duplicate-field", at, f"is written twice, first on line {first}; keep one", key)
            else:
                at = f"{of}.{key.value}".lstrip(".")
                entries[key.value] = Entry(key.value, _position(key.start_mark), self.node(value, at))
        return merged | entries

    def _scalar(self, node: yaml.ScalarNode, of: str) -> Scalar:
        at = _position(node.start_mark)
        kind = node.tag.removeprefix(_TAG)
        construct = _SCALARS.get(kind)
        if construct is None:
            return Scalar(node.value, node.value, at, kind="" if kind in {"str", "value"} else kind)
        try:
            return Scalar(node.value, construct(node), at)
        except (ValueError, KeyError):
            return self._wrong("yaml-value", of, f"{shown(node.value)} is not what its tag {kind} says", node)

    def _wrong(self, code: str, of: str, message: str, node: yaml.Node) -> Scalar:
        at = _position(node.start_mark)
        return Scalar(self._reading.wrong(code, of or "file", message, at), UNRESOLVED, at)
