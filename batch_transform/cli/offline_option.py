"""`--offline`: nothing is fetched for a model's requirements.txt."""

from __future__ import annotations

import click

offline_option = click.option(
    "--offline",
    is_flag=True,
    help="Fetch no packages that a model's requirements.txt asks for; those installed by an earlier run are used.",
)
