"""`batch-transform schema`: prints the JSON Schema of job files, for editors."""

from __future__ import annotations

import json

import click

from batch_transform.job.files.job_schema import job_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of a job file.

    `init` writes it to jobs/job.schema.json. An editor with a YAML language server completes and checks a job file
    whose first line is `# yaml-language-server: $schema=job.schema.json`.
    """
    click.echo(json.dumps(job_schema(), indent=2, ensure_ascii=False))
