"""A pip requirements file, as far as we need it: what pip looks up in an index, and what it downloads from elsewhere.

pip itself installs it. Format: pip documentation, "Requirements File Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = "requirements.txt"

_COMMENT = re.compile(r"(^|\s+)#.*$")
_CONTINUED = re.compile(r"\\\n")
_INCLUDED = re.compile(r"(?:-r\s*|--requirement(?:\s+|=))(?P<path>.+)")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_REMOTE = re.compile(r"(?:[a-z]+\+)?(?:https?|ssh|git)://", re.IGNORECASE)
_FOLDER = re.compile(r"(?:-f|--find-links)\b")
_MARKER = re.compile(r"(?:^[^@]*|\s);")  # in an address, a blank comes before it
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)(?:[\s;#]|$)", re.IGNORECASE)
# Options that refer to no file on this machine, so the requirements file stands alone.
_OF_THE_INDEX = re.compile(
    r"(?:-i|--index-url|--extra-index-url|--no-index|--pre|--prefer-binary|--no-binary|--only-binary|--trusted-host|"
    r"--require-hashes|--use-feature)\b"
)


@dataclass(frozen=True)
class Requirements:
    """The requirements in requirements.txt and in the files that it includes with `-r`.

    `from_index` are the names of the packages that pip looks up in an index, in the order of the file, and `remote`
    the URLs that it downloads from. `perhaps` are entries of both that may not need a network after all: a marker may
    exclude them (`; sys_platform == "win32"`), or a folder of `--find-links` may hold them. `is_self_contained` says
    that the file refers to no other file, so its text alone decides what is installed. `asks_nothing` says that the
    file has only comments.
    """

    from_index: tuple[str, ...]
    remote: tuple[str, ...]
    perhaps: frozenset[str]
    is_self_contained: bool
    asks_nothing: bool

    @property
    def needs_network(self) -> tuple[str, ...]:
        """What pip can get only from a network, unless it is already installed."""
        return (*self.from_index, *self.remote)


def read_requirements(folder: Path) -> Requirements | None:
    """Return the requirements in the folder's `requirements.txt`, or None if it has no such file."""
    file = folder / REQUIREMENTS
    if not file.is_file():
        return None
    lines = list(_lines(file, set()))
    own = list(logical_lines(_text(file)))
    has_no_index = any(line.split()[0] == "--no-index" for line in lines)
    wanted = [line for line in lines if not line.startswith("-")]
    names = [line for line in wanted if not _is_path(line) and not _REMOTE.search(line) and "://" not in line]
    remote = [line for line in lines if _REMOTE.search(line) and _OF_THE_INDEX.match(line) is None]
    has_wheels = any(_FOLDER.match(line) and not _REMOTE.search(line) for line in lines)
    perhaps = [line for line in (*names, *remote) if has_wheels or _MARKER.search(line)]
    return Requirements(
        from_index=() if has_no_index else tuple(dict.fromkeys(map(_name, names))),
        remote=tuple(remote),
        perhaps=frozenset(line if line in remote else _name(line) for line in perhaps),
        is_self_contained=all(_is_self_contained(line) for line in own),
        asks_nothing=not own,
    )


def logical_lines(text: str) -> Iterator[str]:
    """Yield the lines of a requirements file as pip reads them: continued ones joined, without comments."""
    for line in _CONTINUED.sub("", text.replace("\r\n", "\n")).split("\n"):
        if bare := _COMMENT.sub("", line).strip():
            yield bare


def _lines(file: Path, seen: set[Path]) -> Iterator[str]:
    """Yield the lines of a file and of those that it includes, relative to itself."""
    seen.add(file.resolve())
    for line in logical_lines(_text(file)):
        included = _INCLUDED.fullmatch(line)
        other = file.parent / included["path"].strip() if included else None
        if other is not None and other.is_file() and other.resolve() not in seen:
            yield from _lines(other, seen)
        elif other is None:
            yield line


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig", "replace")


def _is_path(line: str) -> bool:
    bare = line.partition(";")[0].strip()
    return bare.startswith((".", "/", "file:")) or (
        "@" not in bare and ("/" in bare or bool(_ARCHIVE.search(bare)))
    )


def _is_self_contained(line: str) -> bool:
    if line.startswith("-"):
        return bool(_OF_THE_INDEX.match(line))
    return not _is_path(line) and "file:" not in line


def _name(line: str) -> str:
    """Return the package's name in its normal form (PyPA specifications, "Names and normalization")."""
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else line
