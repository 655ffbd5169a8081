"""What no job file says so, and what its writer may have meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from batch_transform.job.aws.members import MEMBERS
from batch_transform.job.files.document import ListNode, MapNode, Node, Scalar

_FIELD_BY_API_NAME = {member.path[-1].lower(): member.field for member in MEMBERS}
_SECTION_BY_API_NAME = {
    structure: member.field.rpartition(".")[0] for member in MEMBERS for structure in member.path[:-1]
}


def meant_field(key: str, path: str, allowed: Sequence[str], everywhere: Sequence[str]) -> tuple[str, str]:
    """Return the field that `key` under `path` stands for, and a hint for the message; both empty if none does.

    `allowed` are the names that may stand there, `everywhere` all fields of a job file.
    """
    section = _SECTION_BY_API_NAME.get(key)
    if section:
        return section, f"the API's {key} is {section} in a job file; "
    name = key.lower().replace("-", "_")
    near = _near(name, path, allowed)
    # The SDK's output_path is output.path here.
    elsewhere = [field for field in everywhere if name in {field.rpartition(".")[2], field.replace(".", "_")}]
    if elsewhere and elsewhere[0] != f"{path}{near}":
        return elsewhere[0], f"did you mean {elsewhere[0]}? "
    if near:
        return f"{path}{near}", f"did you mean {near}? "
    api_name = _FIELD_BY_API_NAME.get(key.lower())
    return (api_name, f"the API's {key} is {api_name} in a job file; ") if api_name else ("", "")


def _near(name: str, path: str, allowed: Sequence[str]) -> str | None:
    """Return the nearest name: `path` for output_path under output, `vpc_config` for vpc."""
    short = name.removeprefix(path.rstrip(".").rpartition(".")[2] + "_")
    if short in allowed:
        return short
    begun = [one for one in allowed if one.startswith(f"{name}_")]
    return next(iter([*begun, *get_close_matches(name, allowed, n=1)]), None)


def meant_model(text: str) -> str:
    """Return the source of a model that is given as a text alone, such as `existing: churn-v7`."""
    if text.startswith("s3://"):
        return f"artifact: {text}"
    return f"source: {text}" if "/" in text else f"existing: {text}"


def meant_map(node: Node) -> str:
    """Return the mapping that AWS's list of Key and Value stands for, as `{team: data}`; "" for any other value."""
    pairs = []
    for item in node.items if isinstance(node, ListNode) else ():
        given = {entry.key: entry.value for entry in item.entries} if isinstance(item, MapNode) else {}
        key, value = given.get("Key"), given.get("Value")
        if not isinstance(key, Scalar) or not isinstance(value, Scalar):
            return ""
        pairs.append(f"{key.text}: {value.text}")
    return f"{{{', '.join(pairs)}}}" if pairs else ""
