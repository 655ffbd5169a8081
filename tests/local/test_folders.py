"""Temporary folders are removed at the end, whatever still writes to them."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from batch_transform.local.folders import temporary_folder


def write_into(folder: Path, seconds: float) -> None:
    """Write as a process does that was killed a moment ago: until it ends, or its folder is gone."""
    end = time.monotonic() + seconds
    with contextlib.suppress(FileNotFoundError):
        while time.monotonic() < end:
            (folder / f"{time.monotonic_ns()}").touch()


def test_a_folder_is_removed_while_a_process_that_ends_still_writes_to_it() -> None:
    with temporary_folder() as folder:
        writer = threading.Thread(target=write_into, args=(folder, 0.3))
        writer.start()
    writer.join()
    assert not folder.exists()
