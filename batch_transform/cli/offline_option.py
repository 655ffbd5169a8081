"""The option --offline: nothing is downloaded for a model's requirements.txt."""

from __future__ import annotations

import click

offline_option = click.option(
    "--offline",
    is_flag=True,
    help="Don't download packages for a model's requirements.txt; use those that an earlier run installed.",
)
