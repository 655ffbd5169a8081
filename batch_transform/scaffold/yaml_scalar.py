"""A value as YAML text that reads back as the same value."""

from __future__ import annotations

import re

import yaml

_PLAIN = re.compile(r"[A-Za-z0-9/_.-][A-Za-z0-9/_.+=@:-]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def yaml_scalar(value: str | int | float | bool) -> str:
    """Return the value on one line; strings are quoted where YAML would read them as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return value if _is_plain(value) else '"' + "".join(map(_escaped, value)) + '"'


def yaml_comment(text: str) -> str:
    """Return the text for a comment: on one line, and without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or text.endswith(":") or text in {"---", "..."}:
        return False
    # YAML does not read dates, numbers, and words such as yes and null as strings
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
