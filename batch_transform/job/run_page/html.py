"""Builds HTML in which every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

_EMPTY = frozenset({"meta", "br", "rect", "line"})


class Html(str):
    """Markup that is complete: it isn't escaped again."""

    __slots__ = ()


Child: TypeAlias = "Html | str | int | None"


def element(tag: str, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """Return an element. Children that aren't Html are escaped; None is left out.

    The names of attributes are written with `_` for `-`, and `class_` for `class`. True stands for an attribute without
    a value; False and None leave it out.
    """
    written = "".join(
        f" {_name(name)}" if value is True else f' {_name(name)}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _EMPTY:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Html:
    """Return children one after the other."""
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")
