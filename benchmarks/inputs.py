"""The inputs, generated on each machine, with the same bytes each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

_AT_A_TIME = 10_000
Row = Callable[[int, random.Random], str]


def narrow(number: int, chance: random.Random) -> str:
    """A number for an id and four features: about 30 bytes."""
    return f"{number},{chance.random():.4f},{chance.randrange(100)},{chance.random() * 9:.2f},{number % 7}"


def wide(number: int, chance: random.Random) -> str:
    """An id and a hundred features: about 700 bytes."""
    return f"{number}," + ",".join([f"{chance.random():.4f}"] * 100)


def quoted(number: int, chance: random.Random) -> str:
    """Like narrow, with a text that needs quotes, and a carriage return at the end of the line."""
    return f'{number},{chance.random():.4f},{chance.randrange(100)},"a, ""b""",{number % 7}\r'


def json_line(number: int, chance: random.Random) -> str:
    """An object with an id, four features of which some are whole, and a text."""
    features = f"{chance.random():.4f},{chance.randrange(100)}.0,{chance.random() * 9:.2f},{number % 7}"
    return f'{{"id": "record-{number}", "features": [{features}], "text": "some words"}}'


ROWS: dict[str, Row] = {"narrow": narrow, "wide": wide, "quoted": quoted, "jsonl": json_line}


def lines(kind: str, count: int) -> Iterator[bytes]:
    """Yield `count` lines, many at a time."""
    chance, row = random.Random(1), ROWS[kind]  # noqa: S311 - not a secret
    for start in range(0, count, _AT_A_TIME):
        some = [row(number, chance) for number in range(start, min(count, start + _AT_A_TIME))]
        yield ("\n".join(some) + "\n").encode()


def make(folder: Path, kind: str, count: int, *, files: int = 1) -> Path:
    """Write `count` lines to `files` files in a new folder and return it. An existing folder is reused."""
    made = folder / f"{kind}-{count}-{files}"
    if made.is_dir():
        return made
    partial = folder / f"{made.name}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    for file in range(files):
        with (partial / f"part-{file}.txt").open("wb") as stream:
            stream.writelines(lines(kind, count // files))
    partial.rename(made)
    return made
