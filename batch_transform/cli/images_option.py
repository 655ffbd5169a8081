"""The option --images: commands that serve the user's own images on this machine."""

from __future__ import annotations

from pathlib import Path

import click

images_option = click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON or YAML that maps container images to commands that serve them on this machine.",
)
