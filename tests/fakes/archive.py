"""Archives like those that hold a model or its code."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def archive_of(files: Mapping[str, str | bytes]) -> bytes:
    """Return a gzip-compressed tar with these files, by their paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            body = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()
