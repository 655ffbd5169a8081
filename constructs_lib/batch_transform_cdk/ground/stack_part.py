"""A construct that knows its stack, as the CDK's own resources do."""

from __future__ import annotations

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
