"""The option --models: what stands in for the models that a job finds in SageMaker."""

from __future__ import annotations

from pathlib import Path

import click

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="YAML that says which folder stands in, on this machine, for a model that SageMaker has already.",
)
