"""Print the changelog's section of a version, once tag, pyproject.toml and CHANGELOG.md agree: the text of a release.

python .github/release_notes.py v0.2.0
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_SECTION = re.compile(r"^## (\S+) - (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def release_notes(tag: str, changelog: str, version: str) -> str:
    """Return the section's text; raises ValueError when the three don't agree, or the section has no date."""
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and the version in pyproject.toml is {version}; tag v{version}")
    newest, date, text = next(iter(_SECTION.findall(changelog)), ("none", "", ""))
    if newest != version:
        raise ValueError(
            f"the newest section of CHANGELOG.md is {newest}, not {version}; add '## {version} - DATE'"
        )
    if not _DATE.fullmatch(date):
        raise ValueError(
            f"the section of {version} in CHANGELOG.md says {date!r}; give it the date of the release"
        )
    return str(text).strip() + "\n"


def main(tag: str) -> int:
    """Print the section, or say why there is no release."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        sys.stdout.write(release_notes(tag, changelog, version))
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
