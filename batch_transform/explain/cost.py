"""The cost of a run: time, instance hours and money."""

from __future__ import annotations

from dataclasses import dataclass

from batch_transform.job.price.price import Cost as Amount

START_UP = (
    "This does not include the time from the start of the transform job until the model answers (to pull the image "
    "and load the model), which cannot be estimated but is billed too: AWS bills each instance from TransformStartTime "
    "to TransformEndTime"
)


RETRIED = "After an internal error of AWS, a run has one more attempt"


@dataclass(frozen=True)
class Cost:
    """The cost of one run. `rate` is records per second on one instance, `price` is the price of one for an hour.

    `seconds` is how long scoring takes if the instances share the records evenly, and `instance_hours` is the sum over
    all instances; neither includes start-up. None means that the given values are not enough to calculate it. `priced`
    says where the price is from, and `max_cost` is `workflow.max_cost`.
    """

    records: int | None
    rate: float | None
    price: float | None
    instances: int
    most_instance_hours: float
    currency: str = "USD"
    priced: str = ""
    max_cost: float | None = None

    @property
    def instance_hours(self) -> float | None:
        """The hours that all instances spend on scoring, added up."""
        return self.records / self.rate / 3600 if self.records is not None and self.rate else None

    @property
    def seconds(self) -> float | None:
        """The elapsed time of scoring, in seconds."""
        return None if self.instance_hours is None else self.instance_hours * 3600 / self.instances

    @property
    def usd(self) -> float | None:
        """The price of the instance hours, in `currency`: USD, and CNY in China."""
        return None if self.instance_hours is None or self.price is None else self.instance_hours * self.price

    @property
    def most_usd(self) -> float | None:
        """The price if the transform job runs until the workflow stops it: one attempt cannot cost more."""
        return None if self.price is None else self.most_instance_hours * self.price

    def words(self, *, asked_aws: bool = False) -> list[str]:
        """Return sentences about the cost; with `asked_aws`, only those that AWS's answers don't make needless."""
        lines = [] if asked_aws and self.instance_hours is None else [self._scoring(), f"{START_UP}."]
        limit = f"One attempt takes at most {_hours(self.most_instance_hours)}"
        money = "" if self.most_usd is None else f", which costs {self._money(self.most_usd)}"
        lines.append(f"{limit}{money}; then the workflow stops it. {RETRIED}.")
        if self.max_cost is not None:
            lines.append(
                f"All attempts of a run together cost at most {self._money(self.max_cost)} (max_cost)."
            )
        if self.priced and not asked_aws:
            lines.append(f"The price is {self.priced}.")
        return lines

    def _scoring(self) -> str:
        if self.instance_hours is None or self.seconds is None:
            return (
                "To estimate the cost of a run, pass --deployed, which asks AWS for the price and for the job's last "
                "good runs; or pass --records, --rate (records per second on one instance) and --price (of one "
                "instance for an hour): instance hours are records / rate / 3600."
            )
        shared = "" if self.instances == 1 else f", shared evenly by {self.instances} instances"
        hours = (
            f"{self.records:,} records at {self.rate:,.10g} per second take {_clock(self.seconds)}{shared}: "
        )
        money = "; pass --price for the cost" if self.usd is None else f", which cost {self._money(self.usd)}"
        return f"{hours}{_hours(self.instance_hours)}{money}."

    def _money(self, amount: float) -> str:
        return str(Amount(amount, self.currency))


def _hours(number: float) -> str:
    return f"{number:,.4g} instance hour{'' if number == 1 else 's'}"


def _clock(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.3g} minutes"
    return f"{seconds / 3600:,.4g} hours"
