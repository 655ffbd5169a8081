"""The pictures of the page, drawn with boxes: the states over time, and the distribution of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_transform.job.run_page.distribution import Distribution
from batch_transform.job.run_page.html import Html, element, joined
from batch_transform.job.values.wording import length_text

_WAITS = ("Wait", "CheckRunLock")
_FAILURES = ("Failed", "Diagnose", "MaxCostReached", "TransformJobNotCompleted")


@dataclass(frozen=True)
class Span:
    """A time between two moments, with its name. `kind` is empty, `wait` or `bad`."""

    name: str
    start: datetime
    end: datetime
    kind: str = ""


def spans_of_states(states: Sequence[tuple[str, datetime, datetime]]) -> list[Span]:
    """Return the spans of states, which a run may enter again and again; those without any length are left out."""
    return [
        Span(name, start, end, "wait" if name.startswith(_WAITS) else "bad" if name in _FAILURES else "")
        for name, start, end in states
        if end > start
    ]


def over_time(spans: Sequence[Span]) -> Html:
    """Return a bar for each name, in the order of their first start, with the total length."""
    begin, end = min(span.start for span in spans), max(span.end for span in spans)
    whole = max((end - begin).total_seconds(), 0.001)
    rows = []
    for name in dict.fromkeys(span.name for span in sorted(spans, key=lambda span: span.start)):
        same = [span for span in spans if span.name == name]
        bars = joined(*(_bar(span, begin, whole) for span in same))
        total = sum((span.end - span.start for span in same), timedelta())
        times = f" ({len(same)} times)" if len(same) > 1 else ""
        rows.append(
            element(
                "li",
                element("span", f"{name}{times}"),
                element("div", bars, class_="track", aria_hidden="true"),
                element("span", _length(total), class_="length"),
            )
        )
    return element("ol", *rows, class_="times")


def _bar(span: Span, begin: datetime, whole: float) -> Html:
    left = (span.start - begin).total_seconds() / whole * 100
    width = (span.end - span.start).total_seconds() / whole * 100
    return element("i", class_=span.kind or None, style=f"left:{min(left, 99.7):.2f}%;width:{width:.2f}%")


def _length(span: timedelta) -> str:
    return f"{span.total_seconds():.1f} s" if span < timedelta(seconds=10) else length_text(span)


def shares(found: Distribution, before: Distribution | None) -> Html:
    """Return a bar for each class, with its share, and that of the run before below it."""
    names = dict.fromkeys([*found.classes, *(before.classes if before else {})])
    rows = []
    for name in names:
        share = found.share(name)
        bars = [element("i", style=f"left:0;width:{share * 100:.2f}%")]
        text = f"{share:.1%}"
        if before is not None:
            bars.append(element("i", class_="before", style=f"left:0;width:{before.share(name) * 100:.2f}%"))
            text += f" ({before.share(name):.1%})"
        rows.append(
            element(
                "li",
                element("span", name or "(empty)"),
                element("div", *bars, class_="track", aria_hidden="true"),
                element("span", text, class_="length"),
            )
        )
    return element("ol", *rows, class_="times")


def histogram(found: Distribution, before: Distribution | None) -> Html:
    """Return a column for each bin; beside it that of the run before, if its bins are the same."""
    is_same = before is not None and (before.low, before.high) == (found.low, found.high) and before.bins
    earlier: Sequence[float] = [count / before.count for count in before.bins] if is_same and before else []
    heights: Sequence[float] = [count / found.count for count in found.bins]
    most = max([*heights, *earlier])
    columns = []
    for at, height in enumerate(heights):
        bars = (
            [element("i", class_="before", style=f"height:{earlier[at] / most * 100:.1f}%")]
            if earlier
            else []
        )
        bars.append(element("i", style=f"height:{height / most * 100:.1f}%"))
        columns.append(element("div", *bars))
    said = f"histogram of {found.count:,} predictions from {found.low:g} to {found.high:g}, mean {found.mean:.4g}"
    return joined(
        element("div", *columns, class_="columns", role="img", aria_label=said),
        element("div", element("span", f"{found.low:g}"), element("span", f"{found.high:g}"), class_="axis"),
    )
