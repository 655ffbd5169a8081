"""The distributions, built from a copy of the checkout, and environments without access to the checkout."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from uv import find_uv_bin

from package.wheelhouse import PROJECT, VERSIONS, WHEELHOUSE

Wheel = Literal["pure", "compiled"]

SOURCES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
FOLDERS = ("batch_transform", "batch_transform_nag", "constructs_lib", "lambda")
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Distributions:
    """The distributions of a release."""

    sdist: Path
    pure: Path
    compiled: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment with batch-transform from a wheel, and its own home folder."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def variables(self, **more: str) -> dict[str, str]:
        """Return the environment variables of a shell in which it is activated, without any path to the checkout.

        The `cdk` command line, which is a program in Node and no part of ours, comes last on the PATH.
        """
        path = [str(self.folder / "bin"), "/usr/bin", "/bin", str(PROJECT / "node_modules/.bin")]
        return {"PATH": os.pathsep.join(path), "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def run(
        self,
        *command: str | Path,
        cwd: Path,
        exit_code: int = 0,
        variables: Mapping[str, str] | None = None,
        timeout: float = 900,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder as a user would, and check its exit code."""
        done = subprocess.run(
            [str(self.folder / "bin" / command[0]) if command[0] != "cdk" else "cdk", *map(str, command[1:])],
            cwd=cwd,
            env=self.variables(**(variables or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == exit_code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


class CleanEnvironment(Protocol):
    """Returns an environment with batch-transform, these extras, and packages from the wheelhouse.

    `versions` chooses a file of `versions/`. Tests share environments: leave them as they are.
    """

    def __call__(
        self,
        *extras: Literal["cdk", "local"],
        wheel: Wheel = "pure",
        versions: str = "newest",
        packages: Sequence[str] = (),
    ) -> Environment: ...


class Workshop:
    """Builds distributions and environments once for all workers of a test session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uv = find_uv_bin()

    def distributions(self) -> Distributions:
        """Build the sdist, and from it both wheels."""
        dist = self._folder / "dist"
        with self._once("dist") as is_first:
            if is_first:
                sources = copied_sources(self._folder / "sources")
                self.build(sources, dist, pure=True)
                [sdist] = dist.glob("*.tar.gz")
                self.build(sdist, dist, "--wheel", pure=False)
        [sdist] = dist.glob("*.tar.gz")
        [pure] = dist.glob("*-none-any.whl")
        [compiled] = {*dist.glob("*.whl")} - {pure}
        return Distributions(sdist, pure, compiled)

    def build(self, source: Path, dist: Path, *options: str, pure: bool, path: str = "") -> None:
        """Build distributions as a release does, with this PATH."""
        self._call(
            *["build", "--quiet", "--out-dir", str(dist), *options, str(source)],
            BATCH_TRANSFORM_PURE="1" if pure else "0",
            **({"PATH": path} if path else {}),
        )

    def environment(
        self, extras: Sequence[str], *, wheel: Path, versions: str, packages: Sequence[str]
    ) -> Environment:
        """Create an environment with one of our wheels, these extras and packages from the wheelhouse."""
        name = "-".join([versions, *extras, *packages, wheel.name.split("-")[-1].removesuffix(".whl")])
        environment = Environment(self._folder / name, self._folder / "home")
        with self._once(name) as is_first:
            if is_first:
                environment.home.mkdir(exist_ok=True)
                self._call("venv", "--quiet", "--python", sys.executable, environment.folder)
                chosen = f"[{','.join(extras)}]" if extras else ""
                ours = f"batch-transform{chosen} @ {wheel.as_uri()}"
                self._call(
                    *["pip", "install", "--quiet", "--python", str(environment.python)],
                    *["--constraint", str(VERSIONS / f"{versions}.txt"), ours, *packages],
                )
        return environment

    def _call(self, *arguments: str | Path, **variables: str) -> None:
        done = subprocess.run(
            [self._uv, *map(str, arguments)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "UV_CACHE_DIR": str(self._folder / "uv"),
                "UV_FIND_LINKS": str(WHEELHOUSE),
                "UV_NO_INDEX": "1",
                "UV_OFFLINE": "1",
                "UV_PYTHON": sys.executable,
                **variables,
            },
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    @contextmanager
    def _once(self, name: str) -> Iterator[bool]:
        """Yield True to the first worker; the others wait until it is done."""
        made = self._folder / f"{name}.made"
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_first = not made.exists()
            yield is_first
            made.touch()


def copied_sources(folder: Path) -> Path:
    """Copy the sources of a distribution, without files that setuptools and Python left in the checkout."""
    folder.mkdir()
    for name in SOURCES:
        if (PROJECT / name).exists():
            shutil.copyfile(PROJECT / name, folder / name)
    for name in FOLDERS:
        left = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
        shutil.copytree(PROJECT / name, folder / name, ignore=left)
    return folder
