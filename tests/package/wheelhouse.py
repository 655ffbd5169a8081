"""The folder with all packages that these tests install. `tests/package/prepare` fills it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
VERSIONS = Path(__file__).parent / "versions"
WHEELHOUSE = PROJECT / "build/package/wheelhouse"


def contents_id() -> str:
    """Return an id of the required content: this Python and these versions."""
    texts = b"".join(path.read_bytes() for path in sorted(VERSIONS.glob("*.txt")))
    return f"{sys.version_info.major}.{sys.version_info.minor} {hashlib.sha256(texts).hexdigest()}"


def is_filled() -> bool:
    """Whether the folder has what the current tests need."""
    made = WHEELHOUSE / ".made"
    return made.exists() and made.read_text().strip() == contents_id()


if __name__ == "__main__":
    print(contents_id())  # noqa: T201 - for the script
