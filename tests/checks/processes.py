"""The processes of this machine, on Linux and macOS alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil


def is_running(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def commands_of(mark: str) -> list[str]:
    """Return the command lines that have this mark in them."""
    return _commands(lambda process: mark in " ".join(process.cmdline()))


def commands_in(folder: Path) -> list[str]:
    """Return the command lines of the processes whose working directory is this folder."""
    return _commands(lambda process: Path(process.cwd()) == folder.resolve())


def commands_with(name: str, value: str) -> list[str]:
    """Return the command lines of the processes with a variable that begins with this value."""
    return _commands(lambda process: process.environ().get(name, "").startswith(value))


def child(pid: int, word: str) -> int:
    """Return the one child of a process whose command line has this word."""
    [found] = [
        each.pid for each in psutil.Process(pid).children() if any(word in part for part in each.cmdline())
    ]
    return int(found)


def listening(pid: int) -> list[tuple[str, int]]:
    """Return the addresses on which the process takes connections."""
    connections = psutil.Process(pid).net_connections(kind="tcp")
    return [tuple(each.laddr) for each in connections if each.status == psutil.CONN_LISTEN]


def _commands(is_wanted: Callable[[psutil.Process], bool]) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if is_wanted(process) and (command := " ".join(process.cmdline())):
                found.append(command)
        except psutil.Error:  # it ended while we looked, or it is another user's
            continue
    return found
