"""Reads environments.yaml, which says where jobs are deployed. Each problem has its line, as in a job file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.aws.instance_types import FAMILIES, INSTANCE_TYPES, near_instance_types
from batch_transform.job.errors import EnvironmentFileError, InputError, Problem
from batch_transform.job.files.document import MapNode, Reading, Scalar
from batch_transform.job.files.job_fields import read_value
from batch_transform.job.files.value_readers import got, read_text
from batch_transform.job.files.yaml_document import read_document
from batch_transform.job.rules.limits import setting_problems
from batch_transform.job.rules.run_limits import empty_limit_problems
from batch_transform.job.rules.settings import notify_problems
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, DEFAULT_PROJECT, EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec, ModelSpec
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import shown

ENVIRONMENT_FILE = Path("environments.yaml")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PREFIX = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_CHOICES = {"schedules": ("as_declared", "paused"), "removal_policy": ("retain", "destroy")}


@dataclass(frozen=True)
class Environments:
    """All environments of a project by name, in the order of the file."""

    by_name: Mapping[str, EnvironmentSpec]
    path: Path = ENVIRONMENT_FILE

    def named(self, name: str) -> EnvironmentSpec:
        """Return the environment with that name. Raises InputError if there is none."""
        if name not in self.by_name:
            known = ", ".join(self.by_name)
            raise InputError(f"{self.path} has no environment {shown(name)}; it has {known}")
        return self.by_name[name]


def load_environments(path: Path = ENVIRONMENT_FILE) -> Environments:
    """Read the file. Raises EnvironmentFileError with every problem in it.

    If the file does not exist, there is one environment, `prod`, with the defaults.
    """
    if not path.exists():
        return Environments({DEFAULT_ENVIRONMENT: EnvironmentSpec()}, path)
    reading = Reading()
    document = read_document(path, reading, least="environments, with prod under it")
    found = _read(document, reading) if document is not None else {}
    if reading.problems:
        in_order = sorted(reading.problems, key=lambda problem: (problem.line, problem.column))
        raise EnvironmentFileError([dataclasses.replace(problem, path=str(path)) for problem in in_order])
    return Environments(found, path)


def _read(document: MapNode, reading: Reading) -> dict[str, EnvironmentSpec]:
    project = DEFAULT_PROJECT
    found: dict[str, EnvironmentSpec] = {}
    for entry in document.entries:
        if entry.key == "project":
            project = read_text(entry.value, "project", reading)
        elif entry.key != "environments":
            message = "there is no such field; allowed at the top are project, environments"
            reading.wrong("unknown-field", entry.key, message, entry.key_position)
        elif not isinstance(entry.value, MapNode):
            message = f"must be a mapping of names to environments; got {got(entry.value)}"
            reading.wrong("wrong-type", entry.key, message, entry.value.position)
        else:
            found = _environments(entry.value, reading)
    named = {name: dataclasses.replace(one, project=project) for name, one in found.items()}
    if not reading.problems and DEFAULT_ENVIRONMENT not in named:
        message = f"has no {DEFAULT_ENVIRONMENT}, which `cdk deploy` uses by default; add it"
        reading.wrong("environment-missing", "environments", message, document.position)
    return named


def _environments(node: MapNode, reading: Reading) -> dict[str, EnvironmentSpec]:
    found: dict[str, EnvironmentSpec] = {}
    for entry in node.entries:
        of = f"environments.{entry.key}"
        reading.keys[of] = entry.key_position
        if not _NAME.fullmatch(entry.key):
            message = f"{shown(entry.key)} is not allowed; a name has at most 31 lower-case letters, digits and hyphens"
            reading.wrong("environment-name", of, message, entry.key_position)
        is_empty = isinstance(entry.value, Scalar) and entry.value.value is None
        fields = MapNode((), entry.value.position) if is_empty else entry.value
        if isinstance(fields, MapNode):
            found[entry.key] = _environment(entry.key, fields, reading)
        else:
            message = f"must be a mapping, such as {{prefix: {entry.key}-}}; got {got(fields)}"
            reading.wrong("wrong-type", of, message, fields.position)
    _require_apart(found, reading)
    return found


def _environment(name: str, fields: MapNode, reading: Reading) -> EnvironmentSpec:
    """Read one environment, with its fields named as in a job file, and note its problems."""
    own = Reading(root=EnvironmentSpec, outermost=f"under environments.{name}")
    environment = dataclasses.replace(read_value(fields, EnvironmentSpec, own), environment=name)
    for problem in _problems(environment):
        if not own.has_doubt_about(problem.field):
            own.wrong(problem.code, problem.field, problem.message, own.position(problem.field))
    of = f"environments.{name}"
    reading.values |= {f"{of}.{field}": position for field, position in own.values.items()}
    reading.problems += [
        dataclasses.replace(problem, field=f"{of}.{problem.field}") for problem in own.problems
    ]
    return environment


def _problems(environment: EnvironmentSpec) -> Iterator[Problem]:
    """Yield the problems of one environment."""
    if environment.account and not _ACCOUNT.fullmatch(environment.account):
        yield Problem(
            "account-malformed",
            "account",
            f"{shown(environment.account)} is not an account id; write its 12 digits",
        )
    if environment.region and not _REGION.fullmatch(environment.region):
        message = f"{shown(environment.region)} is not a region; write one such as eu-west-1"
        yield Problem("region-malformed", "region", message)
    if environment.prefix and not _PREFIX.fullmatch(environment.prefix):
        example = f"{environment.environment}-"
        message = (
            f"{shown(environment.prefix)} is not allowed; a prefix has letters, digits and hyphens, "
            f"and starts with a letter, such as {example}"
        )
        yield Problem("prefix-malformed", "prefix", message)
    for field, allowed in _CHOICES.items():
        given = getattr(environment, field)
        if given not in allowed:
            yield Problem(
                "unknown-value", field, f"{shown(given)} is not allowed; write {' or '.join(allowed)}"
            )
    yield from _bucket_problems(environment)
    instance_type = environment.instance_type
    if instance_type is not None and instance_type not in INSTANCE_TYPES:
        near = "".join(f"did you mean {one}? " for one in near_instance_types(instance_type)[:1])
        message = f"{shown(instance_type)} is not an instance type for transform jobs; {near}families are {FAMILIES}"
        yield Problem("instance-type-unknown", "instance_type", message)
    yield from _tag_problems(environment)
    job = JobSpec("any", ModelSpec(), notify=environment.notify, limits=environment.limits)
    yield from (*setting_problems(job), *notify_problems(job), *empty_limit_problems(job))


def _tag_problems(environment: EnvironmentSpec) -> Iterator[Problem]:
    """Yield tags that IAM would refuse: those of a role can't differ only in case, and each role has the tag job."""
    taken = {"job": "job, the tag that names the job of a resource"}
    for name in environment.tags:
        other = taken.setdefault(name.lower(), name)
        if name not in (other, "job"):
            message = (
                f"{shown(name)} and {other} differ only in case, "
                "and a role can't have two such tags in IAM; rename one"
            )
            yield Problem("tag-names-alike", f"tags.{name}", message)


def _bucket_problems(environment: EnvironmentSpec) -> Iterator[Problem]:
    """Yield the problems with the settings of the data buckets."""
    if environment.auto_delete_objects and environment.removal_policy != "destroy":
        message = "needs removal_policy: destroy, so that the buckets go with their stack; write both, or leave it out"
        yield Problem("auto-delete-retained", "auto_delete_objects", message)
    days = environment.keep_outputs_for_in_days
    if days is not None and days < 1:
        message = f"{days} is too few; S3 keeps an object for at least one day"
        yield Problem("days-too-few", "keep_outputs_for_in_days", message)
    logs = environment.access_logs_bucket
    if logs is not None and not S3Uri(logs, "").has_usual_bucket_name:
        message = f"{shown(logs)} is not a bucket name; write it without s3://"
        yield Problem("bucket-name-malformed", "access_logs_bucket", message)


def _require_apart(found: Mapping[str, EnvironmentSpec], reading: Reading) -> None:
    """Environments that may share an account need different prefixes, or one would replace the other."""
    for name, one in found.items():
        for other_name, other in found.items():
            if other_name == name:
                break
            apart = any(
                mine and theirs and mine != theirs
                for mine, theirs in ((one.account, other.account), (one.region, other.region))
            )
            if one.prefix == other.prefix and not apart:
                of = f"environments.{name}.prefix"
                message = (
                    f"is the same as the prefix of {other_name}, and both may be deployed to one account, "
                    "where one would replace the other; "
                    f"write another prefix, such as {name}-, or give both an account"
                )
                reading.wrong("prefix-taken", of, message, reading.position(of))
