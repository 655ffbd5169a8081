"""What a run takes in time, in hours of instances and in money."""

from __future__ import annotations

from dataclasses import dataclass

START_UP = (
    "On top comes what nobody can tell beforehand: the time from the job's start until the model answers (pulling "
    "the image, loading the model), which AWS bills too. AWS bills each instance from TransformStartTime to "
    "TransformEndTime"
)


@dataclass(frozen=True)
class Cost:
    """`rate` is records a second of one instance, `price` USD an hour of one instance.

    `seconds` is how long scoring takes when the instances share the records evenly, `instance_hours` the
    sum over the instances. Start-up is in none of them. None is what cannot be told from what was given.
    """

    records: int | None
    rate: float | None
    price: float | None
    instances: int
    most_instance_hours: float

    @property
    def instance_hours(self) -> float | None:
        """The hours that all instances together spend on scoring."""
        return self.records / self.rate / 3600 if self.records is not None and self.rate else None

    @property
    def seconds(self) -> float | None:
        """How long scoring takes by the clock."""
        return None if self.instance_hours is None else self.instance_hours * 3600 / self.instances

    @property
    def usd(self) -> float | None:
        """The price of the instance hours."""
        return None if self.instance_hours is None or self.price is None else self.instance_hours * self.price

    @property
    def most_usd(self) -> float | None:
        """The price of the hours after which the workflow stops the job: one attempt cannot cost more."""
        return None if self.price is None else self.most_instance_hours * self.price

    def words(self) -> list[str]:
        """Return what is known, in sentences."""
        said = [self._scoring(), f"{START_UP}."]
        limit = f"At the very most one attempt takes {_hours(self.most_instance_hours)}"
        money = "" if self.most_usd is None else f", that is {_money(self.most_usd)}"
        return [*said, f"{limit}{money}: then the workflow stops it."]

    def _scoring(self) -> str:
        if self.instance_hours is None or self.seconds is None:
            return (
                "To know what a run costs, give --records (how many there are), --rate (records a second that one "
                "instance scores; a run's own numbers tell it) and --price (USD an hour of one instance, from AWS's "
                "price list): instance hours are records / rate / 3600."
            )
        shared = "" if self.instances == 1 else f", shared evenly by {self.instances} instances"
        hours = (
            f"{self.records:,} records at {self.rate:,.10g} a second take {_clock(self.seconds)}{shared}: "
        )
        money = "; give --price for the money" if self.usd is None else f", that is {_money(self.usd)}"
        return f"{hours}{_hours(self.instance_hours)}{money}."


def _hours(number: float) -> str:
    return f"{number:,.4g} instance hour{'' if number == 1 else 's'}"


def _money(usd: float) -> str:
    return "less than USD 0.01" if 0 < usd < 0.005 else f"USD {usd:,.2f}"


def _clock(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.3g} minutes"
    return f"{seconds / 3600:,.4g} hours"
