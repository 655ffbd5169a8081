"""The steps of `parity`, and what each one costs: the definitions, the cases, and the probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batch_transform.job.errors import InputError
from batch_transform.job.price.price import Cost, Price
from batch_transform.parity.case import Case
from batch_transform.parity.probes import PROBES, START_HOURS, Effort, Probe

DEFINITIONS, CASES = "0", "1"
INSTANCE_TYPE = "ml.m5.large"

USD_A_THOUSAND_WRITES, USD_A_THOUSAND_READS = 0.005, 0.0004
"""Amazon S3's prices for requests to S3 Standard in us-east-1, as last looked up in November 2026."""
S3_PRICES = "S3 Standard in us-east-1, November 2026"


@dataclass(frozen=True)
class Step:
    """A step, with what it costs. A step has cases, or a probe with its size, or is the comparison of definitions."""

    id: str
    question: str
    effort: Effort
    cases: tuple[Case, ...] = ()
    probe: Probe | None = None
    size: int = 0

    @property
    def is_free(self) -> bool:
        """Whether nothing is billed."""
        return self.effort == Effort()

    @property
    def needs_model(self) -> bool:
        """Whether it needs a model, a role and a bucket."""
        return self.id != DEFINITIONS

    def cost(self, price: Price | None) -> Cost | None:
        """Return the estimated cost; None if the price of the instance isn't known."""
        if self.is_free:
            return Cost(0.0, price.currency if price else "USD")
        if price is None:
            return None
        requests = self.effort.writes * USD_A_THOUSAND_WRITES + self.effort.reads * USD_A_THOUSAND_READS
        return Cost(self.effort.instance_hours * price.amount_per_hour + requests / 1000, price.currency)


def chosen_steps(ids: Sequence[str], cases: Sequence[Case], sizes: Mapping[str, int]) -> list[Step]:
    """Return the steps with these ids, in the order of the register. Raises InputError for an unknown id or size."""
    known = {step.id: step for step in _steps(cases, sizes)}
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise InputError(f"unknown step {', '.join(unknown)}; the steps are {', '.join(known)}")
    misplaced = [each for each in sizes if known.get(each) is None or known[each].probe is None]
    if misplaced:
        probes = ", ".join(probe.id for probe in PROBES)
        raise InputError(f"--size {misplaced[0]}: no probe has this id; the probes are {probes}")
    return [step for name, step in known.items() if name in ids]


def _steps(cases: Sequence[Case], sizes: Mapping[str, int]) -> list[Step]:
    registered = sorted({case.register for case in cases if case.register}, key=lambda name: int(name[1:]))
    return [
        Step(
            DEFINITIONS, "the deployed definitions, in ValidateStateMachineDefinition and TestState", Effort()
        ),
        Step(CASES, "all cases: what AWS is known to do, and U1 to U19", _of_cases(cases), tuple(cases)),
        *(_of_register(name, [case for case in cases if case.register == name]) for name in registered),
        *(_of_probe(probe, sizes.get(probe.id, probe.size)) for probe in PROBES),
    ]


def _of_register(name: str, cases: Sequence[Case]) -> Step:
    return Step(name, "; ".join(case.title for case in cases), _of_cases(cases), tuple(cases))


def _of_cases(cases: Sequence[Case]) -> Effort:
    jobs = [case for case in cases if not case.is_free]
    objects = sum(len(case.inputs) for case in cases)
    return Effort(len(jobs) * START_HOURS, writes=2 * objects, reads=objects)


def _of_probe(probe: Probe, size: int) -> Step:
    if size < probe.smallest:
        raise InputError(f"--size {probe.id}={size}: it must be at least {probe.smallest}")
    return Step(probe.id, probe.question, probe.effort(size), probe=probe, size=size)
