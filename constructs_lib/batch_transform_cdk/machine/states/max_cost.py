"""`workflow.max_cost`: bounds what a run costs through the time limit of each attempt.

The states of a run are changed where they meet a transform job: `CheckMaxCost` comes before every attempt, each place
that learns how a transform job ended adds what it cost, and the time limit of `Transform` is what the rest pays for.
"""

from __future__ import annotations

from batch_transform.job.price.price import SHORTEST_SECONDS
from batch_transform.job.request.integration import OPTIMISED
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.language import State, States

_ATTEMPT = "Transform"
_CHECK = "CheckMaxCost"

_PRICE = "$prices[$instance_type_index]"
_COUNT = "$request.TransformResources.InstanceCount"


def with_max_cost(spec: JobSpec, states: States) -> States:
    """Return the states of a run that is bounded by `workflow.max_cost`; the same ones without it."""
    most = spec.workflow.max_cost
    if most is None:
        return states
    bounded = {name: _redirected(state) for name, state in states.items()}
    longest = spec.transform.max_runtime_in_seconds
    bounded["PrepareRun"]["Assign"] |= {
        "spent": 0,  # what the transform jobs of the run have cost so far
        "time_limit": longest,  # of the current attempt, in seconds
    }
    left = f"$floor(({most} - $spent) * 3600 / ({_PRICE}.AmountPerHour * {_COUNT}))"
    bounded[_CHECK] = {
        "Type": "Choice",
        "Comment": "Check that workflow.max_cost pays for another attempt: what is left becomes its time limit",
        "Choices": [
            {
                "Condition": f"{{% {left} >= {SHORTEST_SECONDS} %}}",
                "Assign": {"time_limit": f"{{% $min([{longest}, {left}]) %}}"},
                "Next": _ATTEMPT,
            }
        ],
        "Default": "MaxCostReached",
    }
    bounded["MaxCostReached"] = {
        "Type": "Pass",
        "Comment": "The run's transform jobs have cost so much that there is no money for another attempt",
        "Assign": {
            "failure": {
                "Error": "MaxCostError",
                "Cause": f"{{% 'the earlier transform jobs of the run cost ' & {_PRICE}.Currency & ' ' & "
                f"$formatNumber($spent, '0.00') & ' of workflow.max_cost (' & {_PRICE}.Currency & ' {most}), and the "
                f"rest pays for less than {SHORTEST_SECONDS} seconds of another one: it was not created' %}}",
            }
        },
        "Next": "Diagnose",
    }
    _bound_attempt(bounded[_ATTEMPT])
    _bound_lost_job(bounded["CheckFoundTransformJob"])
    bounded["Diagnose"]["Arguments"]["Payload"]["max_cost"] = {
        "amount": most,
        "currency": f"{{% {_PRICE}.Currency %}}",
        "spent": "{% $spent %}",
        "time_limit": "{% $time_limit %}",
        "is_bound": f"{{% $time_limit < {longest} %}}",
    }
    return bounded


def _redirected(state: State) -> State:
    """Return the state with `CheckMaxCost` in the place of `Transform` as the next state."""
    changed = {**state}
    for member in ("Next", "Default"):
        if changed.get(member) == _ATTEMPT:
            changed[member] = _CHECK
    for member in ("Choices", "Catch"):
        if member in changed:
            changed[member] = [_redirected(rule) for rule in changed[member]]
    return changed


def _bound_attempt(attempt: State) -> None:
    if attempt["Resource"].endswith(
        OPTIMISED
    ):  # the SDK integration only creates the job: `_bound_lost_job` ends it
        attempt["TimeoutSeconds"] = "{% $time_limit %}"
    attempt["Assign"] = {**attempt["Assign"], "spent": _spent("$states.result")}
    cause = "$states.errorOutput.Cause"
    # Any other Cause comes before a transform job exists, or while the machine has lost track of it.
    is_document = f"$substring({cause} & '', 0, 1) = '{{' and $substring({cause} & '', -1) = '}}'"
    described = f"({is_document} ? $parse({cause}) : {{}})"
    [caught] = attempt["Catch"]
    attempt["Catch"] = [{**caught, "Assign": {**caught["Assign"], "spent": _spent(described)}}]


def _bound_lost_job(check: State) -> None:
    """Let the watch of a lost or followed transform job end with the money, and count what it cost once it ended."""
    began = _milliseconds("$transform_job.CreationTime")
    in_time = f"$millis() - {began} < $time_limit * 1000"
    rules = []
    for rule in check["Choices"]:
        if rule["Next"] == "WaitForTransformJob":
            condition = rule["Condition"].removeprefix("{% ").removesuffix(" %}")
            rules.append({**rule, "Condition": f"{{% {condition} and {in_time} %}}"})
        elif rule["Next"] in {"StopTransformJob", "Diagnose"}:
            rules.append(rule)
        else:
            rules.append({**rule, "Assign": {**rule.get("Assign", {}), "spent": _spent("$transform_job")}})
    check["Choices"] = rules


def _spent(description: str) -> str:
    """Return an expression for what the run has cost with the transform job that `description` describes.

    One without a start was never billed.
    """
    start, end = "$job.TransformStartTime", "$job.TransformEndTime"
    return (
        f"{{% ($job := {description}; $spent + ($exists({start}) and $exists({end}) ? "
        f"({_milliseconds(end)} - {_milliseconds(start)}) / 3600000 * {_PRICE}.AmountPerHour * {_COUNT} : 0)) %}}"
    )


def _milliseconds(moment: str) -> str:
    """Return an expression: `.sync` describes a job with epoch milliseconds, the SDK integration with text."""
    return f"($type({moment}) = 'number' ? {moment} : $toMillis({moment}))"
