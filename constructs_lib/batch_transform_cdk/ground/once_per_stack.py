"""What the jobs of a stack have in common, and what is therefore made once for each stack."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk

_Made = TypeVar("_Made")
_MADE: WeakKeyDictionary[cdk.Stack, dict[Hashable, object]] = WeakKeyDictionary()


def once_per_stack(stack: cdk.Stack, key: Hashable, make: Callable[[cdk.Stack], _Made]) -> _Made:
    """Return what `make` makes of the stack; a second time, what it made the first time.

    `key` tells one thing from another: begin it with the name of the module that asks.
    """
    made = _MADE.setdefault(stack, {})
    if key not in made:
        made[key] = make(stack)
    return cast("_Made", made[key])
