"""The state machine of a job as Mermaid text, from the definition that a synth deploys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batch_transform.job.values.job_spec import JobSpec, ModelSpec
from batch_transform_cdk.machine.definition import Parts, state_machine_definition

_SHAPES = {"Choice": "{{%s}}", "Wait": "(%s)", "Fail": "([%s])"}
_CLASSES = {"Task": "task", "Wait": "wait", "Choice": "choice", "Fail": "failed"}


def state_machine() -> str:
    """Draw the states of a job with all defaults: solid lines are the next state, dotted ones where an error leads."""
    job = JobSpec(name="job", model=ModelSpec(existing="model"))
    lock = {"Bucket": "bucket", "Key": "key"}
    definition = state_machine_definition(job, {}, Parts("preflight", "report", "record", lock))
    states: dict[str, dict[str, Any]] = definition["States"]
    lines = ["flowchart TD"]
    for name, state in states.items():
        kind = state["Type"]
        is_end = "Next" not in state and kind == "Pass"
        shape = "([%s])" if is_end else _SHAPES.get(kind, "[%s]")
        style = "completed" if is_end else _CLASSES.get(kind)
        lines.append(f"    {name}{shape % name}" + (f":::{style}" if style else ""))
    for name, state in states.items():
        following = list(dict.fromkeys(_following(state)))
        lines += [f"    {name} --> {after}" for after in following]
        lines += [f"    {name} -.-> {after}" for after in _caught(state) if after not in following]
    return "\n".join(
        [
            *lines,
            "    classDef task stroke:#1f6feb,stroke-width:2px",
            "    classDef wait stroke-dasharray:5 4",
            "    classDef choice stroke:#8250df",
            "    classDef completed stroke:#1a7f37,stroke-width:3px",
            "    classDef failed stroke:#cf222e,stroke-width:3px",
        ]
    )


def _following(state: dict[str, Any]) -> Iterator[str]:
    yield from (choice["Next"] for choice in state.get("Choices", ()))
    yield from (state[name] for name in ("Default", "Next") if name in state)


def _caught(state: dict[str, Any]) -> Iterator[str]:
    yield from dict.fromkeys(catcher["Next"] for catcher in state.get("Catch", ()))
