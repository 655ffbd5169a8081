"""The points that a story yields."""

from collections.abc import Generator
from typing import TypeAlias

Points: TypeAlias = Generator[tuple[str, bool], None, None]
"""A description of each point, and whether it holds."""
