"""How many files and connections the local AWS can have open at once."""

from __future__ import annotations

import contextlib
import resource

_ENOUGH = 10_240
"""The most that macOS allows. A job of 100 concurrent transforms needs about 140."""


def allow_many() -> None:
    """Raise this process's limit, which is 256 in a terminal on macOS, as far as the system allows."""
    limit, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _ENOUGH if highest == resource.RLIM_INFINITY else min(_ENOUGH, highest)
    if limit != resource.RLIM_INFINITY and limit < enough:
        with contextlib.suppress(OSError, ValueError):  # then the old limit has to do
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, highest))
