"""The price of an instance for the command line: asked of AWS's Price List, and kept in a file with its date."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from batch_transform.job.aws.partitions import partition_of
from batch_transform.job.errors import AwsCallError, PriceUnknownError
from batch_transform.job.price.price import Price
from batch_transform.job.price.price_list import endpoint_region, price_in, query
from batch_transform.runs.aws_calls import aws_calls

FRESH = timedelta(days=7)
"""How long a kept price is used without asking again. AWS seldom changes a price, and then mostly lowers it."""

GIVEN = "--price"
"""The source of a price that the user gave."""

Ask = Callable[[str, str], list[str]]
"""Returns the products that the Price List has for an instance type and a region. Raises AwsCallError."""


@dataclass(frozen=True)
class FoundPrice:
    """A price, or None and `remark` with the reason. With a price, `remark` says that it may be out of date, if so."""

    price: Price | None
    remark: str = ""


def default_cache() -> Path:
    """Return the file with the kept prices, below XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification)."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(cache) / "batch-transform" / "prices.json"


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class PriceCache:
    """The prices in a file. A file that can't be read counts as empty: prices can be asked again."""

    path: Path = field(default_factory=default_cache)

    def get(self, instance_type: str, region: str) -> Price | None:
        """Return the kept price, however old."""
        members = self._prices().get(_key(instance_type, region))
        try:
            return Price.of(members) if isinstance(members, dict) else None
        except KeyError:  # written by another release
            return None

    def put(self, price: Price) -> None:
        """Keep a price. Does nothing if the folder can't be written: the price is known anyway."""
        prices = self._prices() | {_key(price.instance_type, price.region): price.as_json()}
        text = json.dumps(prices, indent=2, sort_keys=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as part:
                part.write(text)
            Path(part.name).replace(self.path)
        except OSError:
            return

    def _prices(self) -> dict[str, Any]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _key(instance_type: str, region: str) -> str:
    return f"{region} {instance_type}"


def given_price(amount: float, instance_type: str, region: str, today: date | None = None) -> Price:
    """Return the price that the user gave for an hour."""
    currency = partition_of(region).currency
    return Price(amount, currency, instance_type, region, (today or _today()).isoformat(), GIVEN)


def find_price(
    instance_type: str, region: str, ask: Ask, cache: PriceCache | None, today: date | None = None
) -> FoundPrice:
    """Return the price: a kept one of the last days, the Price List's, or else a kept one with its age.

    `cache` is None for a local AWS, whose prices are examples. Never raises: nobody's run should fail for a price.
    """
    today = today or _today()
    kept = cache.get(instance_type, region) if cache else None
    if kept is not None and today - date.fromisoformat(kept.date) <= FRESH:
        return FoundPrice(kept)
    try:
        price = price_in(ask(instance_type, region), instance_type, region, today)
    except (AwsCallError, PriceUnknownError) as error:
        if kept is None:
            return FoundPrice(None, f"the price isn't known: {error}")
        age = (today - date.fromisoformat(kept.date)).days
        return FoundPrice(kept, f"the price is {age} days old: {error}")
    if cache:
        cache.put(price)
    return FoundPrice(price)


def asks_aws(client: Callable[[str], Any]) -> Ask:
    """Return a function that asks the Price List. `client` makes a client of `pricing` for a region."""

    def ask(instance_type: str, region: str) -> list[str]:
        with aws_calls():
            answer = client(endpoint_region(region)).get_products(**query(instance_type, region))
        return list(answer["PriceList"])

    return ask
