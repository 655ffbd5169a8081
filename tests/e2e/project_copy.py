"""A copy of the project, and the real commands in it, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from patience import PATIENCE_SECONDS

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    """A copy of the project: its own jobs, model, data and results, the same code."""

    folder: Path

    @property
    def job_file(self) -> Path:
        return self.folder / "jobs" / "tumours.yaml"

    def edit_job(self, section: str, **fields: object) -> None:
        """Change fields of the job file as a person would in an editor."""
        job = yaml.safe_load(self.job_file.read_text())
        job[section].update(fields)
        self.job_file.write_text(yaml.safe_dump(job, sort_keys=False))

    def batch_transform(
        self, *arguments: str, timeout: float = PATIENCE_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in this folder; output is no terminal."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def run_example(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The main job, as `make run` starts it, with IAM enforced."""
        data = ("--input", "build/data/tumours.csv", "--truth", "build/data/tumours-truth.csv")
        return self.batch_transform("run", "tumours", "--enforce-iam", *data, *arguments)

    @staticmethod
    def command(*arguments: str) -> Sequence[str]:
        return [sys.executable, "-m", "batch_transform.cli.main", *arguments]
