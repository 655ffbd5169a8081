"""What a project's jobs need in an account: buckets, keys, images, models and roles, each with who names it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec
from batch_transform.job.values.s3_uri import S3Uri

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>[^:@]+)"
    r"(?:@(?P<digest>.+)|:(?P<tag>.+))?"
)


@dataclass(frozen=True)
class BucketUse:
    """A bucket that a field names. `key_field` is the field for its customer managed key; empty if there is none.

    `reads` says whether existing objects are read; `key` is the key that the job names for them.
    """

    bucket: str
    where: str
    reads: bool = False
    key_field: str = ""
    key: str | None = None


@dataclass(frozen=True)
class EcrImage:
    """An image in a repository of Amazon ECR: the parts of its URI."""

    account: str
    region: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, uri: str) -> EcrImage | None:
        """Return the parts, or None if the image isn't in Amazon ECR. Without a tag, it is `latest`, as in Docker."""
        found = _ECR.fullmatch(uri)
        if found is None:
            return None
        digest = found["digest"] or ""
        tag = "" if digest else found["tag"] or "latest"
        return cls(found["account"], found["region"], found["repository"], tag, digest)


def bucket_uses(jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> Iterator[BucketUse]:
    """Yield each bucket that a job file or the environment names. The stack creates any other bucket."""
    if environment.access_logs_bucket:
        yield BucketUse(environment.access_logs_bucket, "access_logs_bucket")
    for job in jobs:
        of = f" of {job.name}"
        model, capture = job.model, job.batch_data_capture_config
        given = [
            (job.input.data, "input.data", True, "input.kms_key", job.input.kms_key),
            (job.output.path, "output.path", False, "output.kms_key", job.output.kms_key),
            (model.artifact, "model.artifact", True, "model.kms_key", model.kms_key),
            *(
                (
                    one.artifact,
                    f"model.containers[{at}].artifact",
                    True,
                    f"model.containers[{at}].kms_key",
                    one.kms_key,
                )
                for at, one in enumerate(model.containers)
            ),
            (
                capture.destination_s3_uri,
                "batch_data_capture_config.destination_s3_uri",
                False,
                "batch_data_capture_config.kms_key_id",
                capture.kms_key_id,
            ),
        ]
        for uri, field, reads, key_field, key in given:
            if uri:
                yield BucketUse(S3Uri.parse(uri).bucket, f"{field}{of}", reads, key_field, key)


def keys(jobs: Sequence[JobSpec]) -> dict[str, str]:
    """Return the KMS keys that job files name, each with the first field that does."""
    found: dict[str, str] = {}
    for job in jobs:
        given = [
            (job.input.kms_key, "input.kms_key"),
            (job.output.kms_key, "output.kms_key"),
            (job.transform.volume_kms_key, "transform.volume_kms_key"),
            (job.batch_data_capture_config.kms_key_id, "batch_data_capture_config.kms_key_id"),
            (job.model.kms_key, "model.kms_key"),
            *(
                (one.kms_key, f"model.containers[{at}].kms_key")
                for at, one in enumerate(job.model.containers)
            ),
        ]
        for key, field in given:
            if key:
                found.setdefault(key, f"{field} of {job.name}")
    return found


def images(jobs: Sequence[JobSpec]) -> dict[FrameworkImage | str, str]:
    """Return the images that job files name, each with the first job that does."""
    found: dict[FrameworkImage | str, str] = {}
    for job in jobs:
        for image in (job.model.image, *(one.image for one in job.model.containers)):
            if image is not None:
                found.setdefault(image, job.name)
    return found


def addresses(jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> list[str]:
    """Return all e-mail addresses that get notifications, without duplicates."""
    return list(
        dict.fromkeys([*environment.notify.email, *(one for job in jobs for one in job.notify.email)])
    )


def topics(jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> list[str]:
    """Return the ARNs of all existing topics that are named, without duplicates."""
    named = [environment.notify.topic, *(job.notify.topic for job in jobs)]
    return list(dict.fromkeys(topic for topic in named if topic))
