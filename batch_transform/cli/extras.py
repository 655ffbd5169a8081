"""The extras that a command needs: optional packages that pip installs on request."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata

import click

from batch_transform.job.errors import MissingExtraError
from batch_transform.job.values.wording import listed

_DISTRIBUTION = "batch-transform"
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)[^;]*; *extra *== *[\"'](?P<extra>[a-z]+)[\"']")
"""A requirement of an extra. A requirement with a further condition doesn't match: it may not apply here."""

_MOST_NAMES = 3


def missing_packages(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed."""
    found = map(_REQUIREMENT.fullmatch, metadata.requires(_DISTRIBUTION) or ())
    return [
        name
        for match in found
        if match and match["extra"] == extra and not _is_installed(name := match["name"])
    ]


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def without_packages(command: str, text: str, missing: dict[str, list[str]]) -> click.Command:
    """Return a stand-in for a command whose packages are missing. Its help text and its error say what to install.

    `missing` maps each extra to its missing packages.
    """
    install = _install(missing)

    @click.command(
        command,
        help=f"{text}\n\nThis command needs packages that are not installed. To install them:\n\n\b\n    {install}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="...")
    def stand_in(arguments: Sequence[str]) -> None:
        raise _error(command, missing)

    return stand_in


@contextmanager
def complete_packages(command: str, extras: Sequence[str]) -> Iterator[None]:
    """Raise MissingExtraError if a package that is installed can't be imported, because a part of it is missing."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "batch_transform":
            raise  # a mistake of ours
        raise MissingExtraError(
            f"{command} can't be loaded, because an installed package is incomplete ({error}): install it again with "
            f"{_install(extras).replace('install', 'install --force-reinstall', 1)}"
        ) from error


def require_extra(extra: str, what: str) -> None:
    """Raise MissingExtraError unless an extra's packages are installed. For commands that only sometimes need them."""
    if names := missing_packages(extra):
        raise _error(what, {extra: names})


def _error(what: str, missing: Mapping[str, Sequence[str]]) -> MissingExtraError:
    names = [name for packages in missing.values() for name in packages]
    return MissingExtraError(
        f"{what} needs packages that are not installed: {listed(names, _MOST_NAMES)}; "
        f"to install them: {_install(missing)}"
    )


def _install(extras: Collection[str]) -> str:
    names = f"[{','.join(extras)}]" if extras else ""
    return f"pip install '{_DISTRIBUTION}{names}'"
