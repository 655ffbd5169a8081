"""Installs the packages in the requirements.txt of a model's code, once per content, and keeps them.

An AWS container runs `pip install` each time it starts. Here pip does the same, in a virtual environment that also sees
the packages of this program, as the container's pip sees those of the image: a package with a matching version is not
installed again. Environments are kept in the user's cache (`~/.cache/batch-transform/packages`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.model.requirements_file import REQUIREMENTS, read_requirements
from batch_transform.local.model_server import supervise

Say = Callable[[str], None]

_OF_THIS_PROCESS = re.compile(
    r"PATH|HOME|LANG|LC_ALL|TMPDIR|TZ|PIP_.*|XDG_.*|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|NETRC|.*_proxy",
    re.IGNORECASE,
)
"""The variables of this process that pip needs: its own settings, and those for network access."""

_NOT_OF_THE_CONTAINER = re.compile(r"PATH|HOME|PYTHON.*|AWS_.*")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_DEPENDS_ON_PYTHON = re.compile(
    r"No matching distribution|Failed (to build|building)|Package .* requires a different"
)
_OTHER_PYTHON = f" (this machine has Python {_PYTHON}; the container may have another)"

# pip's lines about the packages of this program, which it does not change, and about this setup.
_OF_NO_INTEREST = (
    "Looking in ",
    "Requirement already satisfied",
    "Attempting uninstall",
    "Found existing installation",
    "Not uninstalling ",
    "Can't uninstall ",
    "WARNING: Location ",
)
_PIP_OPTIONS = ("--no-input", "--no-color", "--progress-bar=off", "--disable-pip-version-check")


class NotInstalledError(Exception):
    """When the packages could not be installed. `str()` says why, the cause first."""


@dataclass(frozen=True)
class Install:
    """What pip installs: `folder/requirements.txt`, and the folder itself if it has a setup.py.

    `run_in` is the working directory of pip, to which paths are relative. `inside` maps paths in the container that the
    file may name, such as /opt/ml/model, to paths on this machine. `environment` is the container's. `has_network` is
    False for a model with network isolation.
    """

    folder: Path
    run_in: Path | None
    inside: Mapping[str, Path]
    environment: Mapping[str, str]
    has_network: bool = True

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to install."""
        asked = read_requirements(self.folder)
        return self._is_project or (asked is not None and not asked.asks_nothing)

    @property
    def _is_project(self) -> bool:
        return self.run_in == self.folder and (self.folder / "setup.py").is_file()

    @property
    def arguments(self) -> list[str]:
        """The arguments of `pip install`, as in the containers (sagemaker-containers `_modules.py`)."""
        project = ["."] if self._is_project else []
        file = self.folder / REQUIREMENTS
        if not file.is_file():
            return project
        return [*project, "-r", REQUIREMENTS if self.run_in == self.folder else str(file)]

    @property
    def key(self) -> str:
        """A name for the result: the same for the same files, interpreter and packages of this program."""
        digest = hashlib.sha256()
        for part in (
            platform.python_implementation(),
            sys.version,
            platform.platform(),
            str(self.has_network),
            *sorted(f"{one.name}=={one.version}" for one in importlib.metadata.distributions()),
        ):
            digest.update(f"{part}\n".encode())
        asked = read_requirements(self.folder)
        if asked is not None and asked.is_self_contained and not self._is_project:
            files = [self.folder / REQUIREMENTS]
        else:
            files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        for inside, here in self.inside.items():
            if any(inside.encode() in path.read_bytes() for path in files if path.suffix == ".txt"):
                listed = sorted((path, path.stat().st_size) for path in here.rglob("*") if path.is_file())
                digest.update("".join(f"{path.relative_to(here)} {size}\n" for path, size in listed).encode())
        for path in files:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.folder)} {len(content)}\n".encode() + content)
            for name in _VARIABLE.findall(content.decode("utf-8", "replace")):
                digest.update(f"{name}={self.environment.get(name)}\n".encode())
        for name in sorted(self.environment):
            if name.startswith("PIP_"):
                digest.update(f"{name}={self.environment[name]}\n".encode())
        return digest.hexdigest()[:24]


class Packages:
    """Installs packages into `folder`, once per content. Safe for threads and for concurrent processes.

    With `offline` nothing is downloaded: only packages that are already installed are used.
    """

    def __init__(self, folder: Path | None = None, *, offline: bool = False) -> None:
        self._folder = cache_folder() if folder is None else folder
        self._offline = offline

    def installed(self, install: Install, say: Say, stop: threading.Event) -> Path:
        """Return the folder with the installed packages. `say` receives pip's output, line by line.

        Raises NotInstalledError, also when `stop` is set before it is done.
        """
        home = self._folder / install.key
        if not home.is_dir():
            with _alone(self._folder, install.key, say, stop):
                if not home.is_dir():
                    self._install(install, home, say, stop)
        return _site_packages(home)

    def _install(self, install: Install, home: Path, say: Say, stop: threading.Event) -> None:
        asked = read_requirements(install.folder)
        has_network = install.has_network and not self._offline
        if not has_network and asked is not None and asked.remote:
            raise NotInstalledError(f"{asked.remote[0]} must be downloaded{self._why_none(install)}")
        part = home.with_name(f"{home.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # left behind by a killed process
        try:
            with tempfile.TemporaryDirectory(prefix="batch-transform-") as temporary:
                elsewhere = Path(temporary) / "elsewhere"
                elsewhere.mkdir()
                seen = _as_seen_inside(install, Path(temporary))
                venv.EnvBuilder(symlinks=True).create(part)
                (_site_packages(part) / "batch-transform.pth").write_text(
                    "\n".join(_own_site_packages()) + "\n"
                )
                say(f"installing {REQUIREMENTS}")
                began = time.monotonic()
                status, last = _run(
                    [
                        *(sys.executable, "-m", "pip", f"--python={part / 'bin' / 'python'}", "install"),
                        *_PIP_OPTIONS,
                        *(() if has_network else ("--no-index",)),
                        *seen.arguments,
                    ],
                    seen.run_in or elsewhere,
                    _environment(install),
                    say,
                    stop,
                )
            if status != 0:
                hint = _OTHER_PYTHON if _DEPENDS_ON_PYTHON.match(last) else ""
                raise NotInstalledError(f"{last}{hint if has_network else self._why_none(install)}")
            part.rename(home)
            say(f"installed in {time.monotonic() - began:.1f} s; kept for the next start in {home}")
        except OSError as error:  # such as a full disk
            raise NotInstalledError(f"{error}; packages are kept below {self._folder}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _why_none(self, install: Install) -> str:
        if not install.has_network:
            return (
                ", but the model has EnableNetworkIsolation; put the wheels into the code folder and write --no-index "
                f"and --find-links in {REQUIREMENTS}, or turn network isolation off"
            )
        return "; --offline allows no downloads: run once without it, and the packages are kept"


def cache_folder() -> Path:
    """Return the folder for packages, below XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification)."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(cache) / "batch-transform" / "packages"


def _own_site_packages() -> list[str]:
    return [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]


def _site_packages(home: Path) -> Path:
    return home / "lib" / f"python{_PYTHON}" / "site-packages"


def _as_seen_inside(install: Install, temporary: Path) -> Install:
    """Return the install with container paths, such as /opt/ml/model/wheels, replaced by those on this machine."""
    texts = {path: path.read_bytes() for path in install.folder.rglob("*.txt") if path.is_file()}
    if not any(inside.encode() in text for text in texts.values() for inside in install.inside):
        return install
    copy = temporary / "code"
    shutil.copytree(install.folder, copy)
    for path, text in texts.items():
        for inside, here in install.inside.items():
            text = text.replace(inside.encode(), os.fsencode(here))  # noqa: PLW2901  # applied in sequence
        (copy / path.relative_to(install.folder)).write_bytes(text)
    run_in = copy if install.run_in == install.folder else install.run_in
    return Install(copy, run_in, {}, install.environment, install.has_network)


def _environment(install: Install) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if _OF_THIS_PROCESS.fullmatch(name)}
    given = {
        name: value
        for name, value in install.environment.items()
        if not _NOT_OF_THE_CONTAINER.fullmatch(name)
    }
    return {**own, **given, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}


def _run(
    command: list[str], folder: Path, environment: Mapping[str, str], say: Say, stop: threading.Event
) -> tuple[int, str]:
    """Run a command, and return its exit code and the line that best explains a failure.

    The command ends with this process, even if that is killed, and when `stop` is set.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", supervise.__file__, *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101  # it was created with pipes
    assert process.stdout is not None  # noqa: S101
    end = process.stdin.close
    has_ended = threading.Event()
    watcher = threading.Thread(target=_end_when_stopped, args=(stop, has_ended, end), daemon=True)
    watcher.start()
    lines: list[str] = []
    try:
        for line in process.stdout:
            if line.strip() and not line.strip().startswith(_OF_NO_INTEREST):
                say(line.rstrip())
                lines.append(line.strip())
        status = process.wait()
    finally:
        has_ended.set()
        watcher.join()
        with contextlib.suppress(OSError):  # it has ended
            end()
        process.wait()
        process.stdout.close()
    if stop.is_set():
        raise NotInstalledError("the job was stopped during the installation")
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return status, errors[-1] if errors else (lines[-1] if lines else f"pip ended with exit code {status}")


def _end_when_stopped(stop: threading.Event, has_ended: threading.Event, end: Callable[[], None]) -> None:
    while not has_ended.wait(0.1):
        if stop.is_set():
            with contextlib.suppress(OSError):  # it has ended
                end()
            return


@contextmanager
def _alone(folder: Path, key: str, say: Say, stop: threading.Event) -> Iterator[None]:
    """Prevent other threads and processes from installing the same packages at the same time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{key}.lock").open("w")
    except OSError as error:
        raise NotInstalledError(
            f"packages cannot be kept in {folder}: {error.strerror}; set XDG_CACHE_HOME to a writable folder"
        ) from error
    with lock:
        has_said = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not has_said:
                    say(f"waiting for another job that is installing the same {REQUIREMENTS}")
                    has_said = True
            if stop.wait(0.1):
                raise NotInstalledError("the job was stopped while another job installed them")
        yield
