from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from batch_transform.job.errors import AwsCallError
from batch_transform.job.price.price import Price
from batch_transform.runs.prices import FRESH, PriceCache, default_cache, find_price, given_price

TODAY = date(2026, 11, 30)
PRODUCT = json.dumps(
    {
        "product": {"attributes": {"usagetype": "EU-Tsform:ml.m5.large"}},
        "terms": {
            "OnDemand": {"T": {"priceDimensions": {"D": {"unit": "Hrs", "pricePerUnit": {"USD": "0.2"}}}}}
        },
    }
)


class PriceList:
    """A Price List that counts how often it is asked; without products, it can't be reached."""

    def __init__(self, *products: str) -> None:
        self.products = products
        self.asked = 0

    def __call__(self, instance_type: str, region: str) -> list[str]:
        self.asked += 1
        if not self.products:
            raise AwsCallError("AWS could not be called")
        return list(self.products)


@pytest.fixture
def cache(tmp_path: Path) -> PriceCache:
    return PriceCache(tmp_path / "new" / "prices.json")


def kept(age: timedelta) -> Price:
    return Price(0.1, "USD", "ml.m5.large", "eu-west-1", (TODAY - age).isoformat(), "AWS Price List")


def test_a_price_is_asked_once_and_kept_with_its_date(cache: PriceCache) -> None:
    ask = PriceList(PRODUCT)
    first = find_price("ml.m5.large", "eu-west-1", ask, cache, TODAY)
    assert (first.price and first.price.amount_per_hour, first.remark) == (0.2, "")
    assert find_price("ml.m5.large", "eu-west-1", ask, cache, TODAY + FRESH) == first
    assert ask.asked == 1
    assert cache.get("ml.m5.large", "eu-west-1") == first.price
    assert cache.get("ml.m5.large", "us-east-1") is None


def test_an_old_price_is_asked_again(cache: PriceCache) -> None:
    cache.put(kept(FRESH + timedelta(days=1)))
    found = find_price("ml.m5.large", "eu-west-1", PriceList(PRODUCT), cache, TODAY)
    assert found.price is not None
    assert (found.price.amount_per_hour, found.price.date) == (0.2, "2026-11-30")


def test_offline_an_old_price_is_used_and_its_age_said(cache: PriceCache) -> None:
    cache.put(kept(timedelta(days=40)))
    found = find_price("ml.m5.large", "eu-west-1", PriceList(), cache, TODAY)
    assert found.price == kept(timedelta(days=40))
    assert found.remark == "the price is 40 days old: AWS could not be called"


def test_offline_an_unknown_price_is_not_guessed(cache: PriceCache) -> None:
    found = find_price("ml.m5.large", "eu-west-1", PriceList(), cache, TODAY)
    assert (found.price, found.remark) == (None, "the price isn't known: AWS could not be called")


def test_prices_of_a_local_aws_are_not_kept(cache: PriceCache) -> None:
    ask = PriceList(PRODUCT)
    for _ in range(2):
        assert find_price("ml.m5.large", "eu-west-1", ask, None, TODAY).price is not None
    assert ask.asked == 2
    assert not cache.path.exists()


@pytest.mark.parametrize("text", ["", "[]", "no json", '{"eu-west-1 ml.m5.large": {"AmountPerHour": 1}}'])
def test_a_file_that_cannot_be_read_is_written_again(cache: PriceCache, text: str) -> None:
    cache.path.parent.mkdir()
    cache.path.write_text(text)
    found = find_price("ml.m5.large", "eu-west-1", PriceList(PRODUCT), cache, TODAY)
    assert cache.get("ml.m5.large", "eu-west-1") == found.price
    assert [path.name for path in cache.path.parent.iterdir()] == ["prices.json"]


def test_a_folder_that_cannot_be_written_costs_only_the_next_question(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = find_price(
        "ml.m5.large", "eu-west-1", PriceList(PRODUCT), PriceCache(tmp_path / "file" / "prices.json"), TODAY
    )
    assert found.price is not None


def test_prices_are_kept_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_cache() == Path("/caches/batch-transform/prices.json")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_cache() == Path("/home/me/.cache/batch-transform/prices.json")


def test_a_given_price_is_in_the_currency_of_the_partition() -> None:
    assert given_price(1.5, "ml.m5.large", "cn-north-1", TODAY).currency == "CNY"
    assert str(given_price(1.5, "ml.m5.large", "eu-west-1", TODAY)) == (
        "USD 1.5 per hour for ml.m5.large in eu-west-1 (--price, 2026-11-30)"
    )
