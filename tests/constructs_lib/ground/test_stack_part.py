"""Constructs that know their stack."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from batch_transform_cdk.ground.stack_part import StackPart


def test_a_part_right_below_a_stack_is_in_it() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    assert StackPart(stack, "Part").stack is stack


def test_a_part_is_in_the_stack_of_the_part_around_it() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    assert StackPart(StackPart(stack, "Outer"), "Inner").stack is stack


def test_a_part_is_in_the_stack_of_any_construct_around_it() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    assert StackPart(Construct(stack, "Outer"), "Inner").stack == stack


def test_a_part_is_in_the_innermost_stack() -> None:
    nested = cdk.NestedStack(cdk.Stack(cdk.App(), "Stack"), "Nested")
    assert StackPart(Construct(nested, "Outer"), "Inner").stack == nested
