"""Constructs that know their stack, and what is made once for each stack."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct


class StackPart(Construct):
    """A construct with its `stack`: that of the construct around it, and `Stack.of` for the outermost.

    `Stack.of` is a round trip to the CDK's kernel in Node, and a job has many parts.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.stack: cdk.Stack = _stack_of(scope)


def _stack_of(scope: Construct) -> cdk.Stack:
    if isinstance(scope, cdk.Stack):
        return scope
    return scope.stack if isinstance(scope, StackPart) else cdk.Stack.of(scope)


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
