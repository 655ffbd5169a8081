"""Reads a YAML file as a document whose values know their positions, and reports problems with its syntax."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from batch_transform.job.files.document import Entry, ListNode, MapNode, Node, Position, Reading, Scalar
from batch_transform.job.files.regular_file import read_file
from batch_transform.job.rules import UNRESOLVED
from batch_transform.job.values.wording import shown

_TAG = "tag:yaml.org,2002:"
_TOP = Position(1, 1)
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_QUICK_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # some builds of PyYAML don't include libyaml
_INDENT = re.compile(r"^[ \t?-]*", re.MULTILINE)
_SHALLOW = 500
_SCALARS = {
    "bool": _CONSTRUCTOR.construct_yaml_bool,
    "int": _CONSTRUCTOR.construct_yaml_int,
    "float": _CONSTRUCTOR.construct_yaml_float,
    "null": _CONSTRUCTOR.construct_yaml_null,
}


def read_document(path: Path, reading: Reading, *, least: str) -> MapNode | None:
    """Return the fields of a file; if it can't be read, note why and return None.

    `least` describes what such a file must have at least, for the message about an empty file.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
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
            reading.wrong("file-empty", "file", f"is empty; write at least {least}", _TOP)
    else:
        reading.wrong(
            "file-not-mapping", "file", "must be a mapping of fields, such as name: my-job", node.position
        )
    return None


def _node(text: str, reading: Reading) -> Node | None:
    """Return the document's root; nodes keep their positions because they are composed, not constructed."""
    try:
        root = _composed(text)
        return None if root is None else _Conversion(reading).node(root, "")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        at = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        reading.wrong(
            "yaml-character",
            "file",
            f"YAML doesn't allow the character U+{error.character:04X}; remove it",
            at,
        )
    except yaml.MarkedYAMLError as error:
        # The parser notices an unclosed quote only at the end: show where it begins.
        is_open = "quoted scalar" in (error.context or "") or "simple key" in (error.context or "")
        mark = (error.context_mark if is_open else error.problem_mark) or error.context_mark
        at = _TOP if mark is None else _position(mark)
        message = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for sign, hint in _SYNTAX_HINTS if sign in message), "check quotes and indentation")
        reading.wrong("yaml-syntax", "file", f"not valid YAML ({message}); {hint}", at)
    except RecursionError:
        reading.wrong("yaml-too-deep", "file", "is nested too deeply", _TOP)
    return None


def _composed(text: str) -> yaml.Node | None:
    """Compose with libyaml, which is ten times as fast; Python's loader explains what libyaml refuses.

    libyaml crashes when deep nesting exhausts the stack, so deep documents are left to Python's loader.
    """
    indents = (len(found.group()) for found in _INDENT.finditer(text))
    if max(indents) + text.count("[") + text.count("{") < _SHALLOW:
        try:
            return yaml.compose(text, Loader=_QUICK_LOADER)
        except yaml.YAMLError:
            pass  # reported below with a better message
    return yaml.compose(text, Loader=yaml.SafeLoader)


_SYNTAX_HINTS = (
    ("\\t", "indent with spaces, not with tabs"),
    ("alias", "put quotes around a value that begins with *"),
    (
        "another document",
        "a file holds one job: remove the line --- and everything after it, or make two files",
    ),
    (
        "',' or",
        "inside { } and [ ], put quotes around values that contain brackets, commas, colons or question marks",
    ),
    (
        "mapping values are not allowed",
        "put quotes around a value that contains a colon and a space, or check the indentation",
    ),
    ("quoted scalar", "close the quotes"),
    ("cannot start any token", "put quotes around the value"),
    ("could not find expected ':'", "write a field as its name, a colon, a space and its value"),
    ("<block end>", "check the indentation; put quotes around values that begin with a bracket or a quote"),
)


def _position(mark: yaml.Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)


class _Conversion:
    """Converts YAML nodes to a document, each node only once: otherwise nested aliases could make it explode."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._done: dict[yaml.Node, Node] = {}
        self._open: set[yaml.Node] = set()

    def node(self, node: yaml.Node, of: str) -> Node:
        if node in self._open:
            return self._wrong("yaml-alias", of, "is an alias of a value that contains it", node)
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
        return self._wrong("yaml-tag", of, f"the tag {node.tag} is not supported here; remove it", node)

    def _entries(self, node: yaml.MappingNode, of: str) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong("yaml-key", of, "a field's name must be text", key)
            elif key.tag == f"{_TAG}merge":
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(part, yaml.MappingNode):
                        merged = self._entries(part, of) | merged
                    else:
                        self._wrong("yaml-merge", of, "<< needs a mapping, or a list of mappings", part)
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
