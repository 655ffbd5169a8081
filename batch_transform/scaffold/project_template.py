"""What `batch-transform init` writes: a project, or a job for an existing CDK app.

A template's files are those of its layers, which are folders under `batch_transform/templates`. If several layers have
the same file, their texts are concatenated in the order of the layers. A name that begins with `dot-` is written with
a leading dot instead.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Template

from batch_transform.job.errors import InputError
from batch_transform.job.files.job_schema import job_schema
from batch_transform.job.values.job_name import MAX_LENGTH, is_job_name, near_job_name

SCHEMA = PurePosixPath("jobs/job.schema.json")
ENVIRONMENTS = PurePosixPath("environments.yaml")
_README = PurePosixPath("README.md")
_TEMPLATES = Path(__file__).parents[1] / "templates"
_APP = "shared/app"
_DOT = "dot-"

Files = dict[PurePosixPath, bytes]


@dataclass(frozen=True)
class ProjectTemplate:
    """A template with one job, which scores `data`. `options` are for its run; its model imports `packages`."""

    title: str
    job: str
    data: str
    layers: tuple[str, ...]
    options: str = ""
    packages: tuple[str, ...] = ()

    @property
    def run(self) -> str:
        """The command that runs the job on this machine."""
        return " ".join(filter(None, ["batch-transform run", self.job, "--input", self.data, self.options]))

    @property
    def longest_name(self) -> int:
        """The longest project name for which the job's name in the environment dev is still valid."""
        return MAX_LENGTH - len(f"-dev-{self.job}")

    def requirements(self) -> list[str]:
        """Return the requirements: this release of batch-transform or a compatible later one, pytest and `packages`."""
        version = importlib.metadata.version("batch-transform").partition("+")[0]
        return [f"batch-transform[cdk,local]~={version}", "pytest", *self.packages]

    def project(self, name: str) -> Files:
        """Return the files of a project. Raises InputError for a name that its stacks can't have."""
        self._require_name(name)
        return {**self._files((*self.layers, _APP), name), SCHEMA: schema()}

    def job_files(self) -> Files:
        """Return only the files of the job."""
        return {file: content for file, content in self._files(self.layers, "").items() if file != _README}

    def environments(self, name: str) -> bytes:
        """Return the environments file of a project. Raises as `project` does."""
        return self.project(name)[ENVIRONMENTS]

    def _files(self, layers: tuple[str, ...], name: str) -> Files:
        values = {
            "name": name,
            "job": self.job,
            "data": self.data,
            "run": self.run,
            "requirements": "\n".join(self.requirements()),
        }
        files: Files = {}
        for layer in layers:
            for file, content in _layer(layer):
                if layer == _APP or file == _README:
                    content = Template(content.decode()).safe_substitute(values).encode()  # noqa: PLW2901
                files[file] = files.get(file, b"") + content
        return files

    def _require_name(self, name: str) -> None:
        if is_job_name(name) and name[0].isalpha() and len(name) <= self.longest_name:
            return
        near = near_job_name(name).lstrip("0123456789-")[: self.longest_name].strip("-")
        hint = f", such as --name {near}" if near else ""
        raise InputError(
            f"{name!r} can't be the name of the project, because the names of stacks and jobs begin with it; use "
            f"at most {self.longest_name} letters, digits and inner hyphens, starting with a letter: pass it with "
            f"--name{hint}"
        )


TEMPLATES = {
    "scikit-learn": ProjectTemplate(
        title="A scikit-learn model that scores CSV",
        job="penguins",
        data="data/penguins.csv",
        layers=("scikit-learn", "shared/penguins", "shared/penguins-code"),
        options="--truth data/penguins-truth.csv",
        packages=("scikit-learn",),
    ),
    "pytorch": ProjectTemplate(
        title="A PyTorch model that scores JSON Lines",
        job="tickets",
        data="data/tickets.jsonl",
        layers=("pytorch",),
        packages=("torch",),
    ),
    "existing-model": ProjectTemplate(
        title="A model that already exists in SageMaker",
        job="penguins",
        data="data/penguins.csv",
        layers=("existing-model", "shared/penguins", "shared/penguins-code"),
        options="--truth data/penguins-truth.csv --models models.yaml",
        packages=("scikit-learn",),
    ),
    "own-container": ProjectTemplate(
        title="Your own container",
        job="penguins",
        data="data/penguins.csv",
        layers=("own-container", "shared/penguins"),
        options="--truth data/penguins-truth.csv --images images.yaml",
        packages=("scikit-learn",),
    ),
}
"""The templates by name, for `--template`; the first one is the default."""


def schema() -> bytes:
    """Return the JSON Schema of job files, for editors."""
    return f"{json.dumps(job_schema(), indent=2, ensure_ascii=False)}\n".encode()


def _layer(name: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    root = _TEMPLATES / name
    for found in sorted(path for path in root.rglob("*") if path.is_file()):
        parts = found.relative_to(root).parts
        if "__pycache__" not in parts:  # installers compile every .py file that they find
            yield PurePosixPath(*map(_with_dot, parts)), found.read_bytes()


def _with_dot(name: str) -> str:
    return f".{name.removeprefix(_DOT)}" if name.startswith(_DOT) else name
