"""What a story yields."""

from collections.abc import Generator
from typing import TypeAlias

Points: TypeAlias = Generator[tuple[str, bool], None, None]
"""Things in words, and whether they are so."""
