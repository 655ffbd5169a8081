"""The engine as it is on a machine without a C compiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from batch_transform.engine import compiled, newlines


@contextmanager
def python_alone() -> Iterator[None]:
    """Go without the compiled line work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_compiled", None)
        patch.setattr(newlines, "compiled", None)
        yield
