"""The engine as it is on a machine without a C compiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from batch_transform.engine import compiled


@contextmanager
def python_alone() -> Iterator[None]:
    """Run without the C module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "module", None)
        yield
