"""Constructs that know their stack, and what is made once for each stack."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct


class StackPart(Construct):
    """A construct that knows its `stack`, which it takes from the construct around it.

    `Stack.of` is a round trip to the CDK's kernel in Node, and a job has many parts: only the outermost one calls it.
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
    """Return the result of `make(stack)`, which is called once for each stack and key.

    Start `key` with the name of the calling module, so that no two modules share a key.
    """
    made = _MADE.setdefault(stack, {})
    if key not in made:
        made[key] = make(stack)
    return cast("_Made", made[key])
