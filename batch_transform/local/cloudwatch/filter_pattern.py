"""Filter patterns of CloudWatch Logs (User Guide, "Filter pattern syntax for metric filters, …").

    ERROR -DEBUG "exact phrase"      all of the terms, and none of those after a minus
    ?ERROR ?WARN                     any of the terms
    %ERR[0-9]+%                      a regular expression
    { $.status >= 500 && $.path = "/a*" }    on messages that are JSON

Space-delimited patterns, `[ip, user, status = 4*]`, are refused: how many words the last field matches is not
documented.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Matches = Callable[[str], bool]
_OnJson = Callable[[Any], bool]

_TERM = re.compile(r'(?P<sign>[?-]?)(?P<term>"(?:[^"\\]|\\.)*"|%[^%]*%|\S+)')
_BARE = re.compile(r"\w+")
_TOKEN = re.compile(
    r"""\s*(?P<token>\(|\)|&&|\|\||!=|>=|<=|=|>|<
    | "(?:[^"\\]|\\.)*" | %[^%]*%
    | \$(?:\.?\[[^\]]*\]|\.[\w-]+)+
    | [^\s()&|=<>!"%]+)""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.?\[\s*(?:(?P<index>\d+)|(?P<all>\*)|'(?P<quoted>[^']*)')\s*\]|\.(?P<name>[\w-]+)""")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_IS: Mapping[str, object] = {"NULL": None, "TRUE": True, "FALSE": False}


class FilterPatternError(ValueError):
    """A pattern that CloudWatch Logs refuses, or that the local AWS doesn't support."""


def compiled(pattern: str) -> Matches:
    """Return a function that says whether a message matches. Raises FilterPatternError."""
    text = pattern.strip()
    for first, last in (("{", "}"), ("[", "]")):
        if text.startswith(first) and not text.endswith(last):
            raise FilterPatternError(f"If a filter pattern starts with '{first}' it must end with '{last}'")
    if text.startswith("["):
        raise FilterPatternError("the local AWS does not support space-delimited patterns, [a, b]")
    if text.startswith("{"):
        return _on_json(_Parser(text[1:-1]).parse())
    return _on_text(text)


def _on_json(matches: _OnJson) -> Matches:
    def on_message(message: str) -> bool:
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return matches(document)

    return on_message


def _on_text(text: str) -> Matches:
    signed: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    for found in _TERM.finditer(text):
        signed[found["sign"]].append(_term(found["term"]))
    wanted, unwanted, optional = signed[""], signed["-"], signed["?"]
    if wanted or unwanted:  # optional terms are ignored if there are others
        optional = []

    def matches(message: str) -> bool:
        return (
            all(term(message) for term in wanted)
            and not any(term(message) for term in unwanted)
            and (not optional or any(term(message) for term in optional))
        )

    return matches


def _term(term: str) -> Matches:
    if term.startswith("%") and term.endswith("%") and len(term) > 1:
        expression = _regex(term)
        return lambda message: expression.search(message) is not None
    if term.startswith('"') and term.endswith('"') and len(term) > 2:
        phrase = _unquoted(term)
        return lambda message: not phrase.strip() or phrase in message
    if not _BARE.fullmatch(term):
        raise FilterPatternError(f"Invalid character(s) in term '{term}'")
    return lambda message: term in message


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _regex(text: str) -> re.Pattern[str]:
    expression = text[1:-1]
    if not expression or re.search(r"[()!&'\"]|(?<!\\)%", expression):
        raise FilterPatternError(f"Invalid character(s) in term '{expression}'")
    try:
        return re.compile(expression)
    except re.error as error:
        raise FilterPatternError(f"Invalid regex '{expression}': {error}") from error


@dataclass
class _Parser:
    """Parses the text between the braces: && binds closer than ||, and parentheses closer than both."""

    text: str

    def __post_init__(self) -> None:
        self._tokens = list(self._split())
        self._at = 0

    def _split(self) -> Iterator[str]:
        position, text = 0, self.text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise FilterPatternError(f"Invalid token(s) at '{text[position:].strip()}'")
            yield found["token"]
            position = found.end()

    def parse(self) -> _OnJson:
        result = self._any()
        if self._at < len(self._tokens):
            raise FilterPatternError(f"Invalid token(s) at '{' '.join(self._tokens[self._at :])}'")
        return result

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise FilterPatternError("the pattern ends too soon")
        self._at += 1
        return token

    def _any(self) -> _OnJson:
        parts = [self._all()]
        while self._peek() == "||":
            self._next()
            parts.append(self._all())
        return lambda document: any(part(document) for part in parts)

    def _all(self) -> _OnJson:
        parts = [self._one()]
        while self._peek() == "&&":
            self._next()
            parts.append(self._one())
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> _OnJson:
        first = self._next()
        if first == "(":
            inner = self._any()
            if self._next() != ")":
                raise FilterPatternError("a parenthesis is not closed")
            return inner
        if not first.startswith("$"):
            raise FilterPatternError(f"Invalid character(s) in term '{first}': a condition begins with $.")
        select, word = _selector(first), self._next()
        if word.upper() == "NOT" and self._next().upper() == "EXISTS":
            return lambda document: not select(document)
        if word.upper() == "IS" and (name := self._next().upper()) in _IS:
            return lambda document: any(value is _IS[name] for value in select(document))
        if word not in _COMPARE:
            raise FilterPatternError(f"Invalid operator '{word}'")
        compare = _comparison(word, self._next())
        return lambda document: any(compare(value) for value in select(document))


def _selector(text: str) -> Callable[[Any], list[Any]]:
    steps = list(_STEP.finditer(text, 1))
    if "".join(step[0] for step in steps) != text[1:]:
        raise FilterPatternError(f"Invalid property selector '{text}'")

    def select(document: Any) -> list[Any]:  # noqa: ANN401  # any JSON value
        values = [document]
        for step in steps:
            values = [inner for value in values for inner in _inside(value, step)]
        return values

    return select


def _inside(value: object, step: re.Match[str]) -> list[Any]:
    if isinstance(value, list):
        if step["all"]:
            return value
        return value[int(step["index"]) :][:1] if step["index"] else []
    name = step["name"] if step["name"] is not None else step["quoted"]
    return [value[name]] if isinstance(value, dict) and name is not None and name in value else []


def _comparison(sign: str, operand: str) -> Callable[[Any], bool]:
    compare = _COMPARE[sign]
    if _NUMBER.fullmatch(operand):
        number = float(operand)
        return lambda value: _is_number(value) and compare(value, number)
    if sign not in ("=", "!="):
        raise FilterPatternError(f"Invalid number '{operand}'")
    wanted = sign == "="
    if operand.startswith("%"):
        expression = _regex(operand)
        return lambda value: _is_scalar(value) and (expression.search(_written(value)) is not None) is wanted
    text = _unquoted(operand) if operand.startswith('"') else operand
    if text == "*":
        return lambda _: wanted
    glob = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    return lambda value: _is_scalar(value) and (glob.fullmatch(_written(value)) is not None) is wanted


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_scalar(value: object) -> bool:
    return isinstance(value, str) or _is_number(value)


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
