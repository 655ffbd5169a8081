"""Checks of the resources that job files name: images, buckets, keys, models and roles."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.doctor.account import Bucket, Key
from batch_transform.doctor.finding import Finding, Unread, Verdict
from batch_transform.doctor.needs import BucketUse, EcrImage
from batch_transform.doctor.policy import Access, access_of, trusts
from batch_transform.job.model.framework_images import accounts_by_region
from batch_transform.job.values.job_spec import FrameworkImage
from batch_transform.job.values.wording import listed

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


def check_framework_image(image: FrameworkImage, job: str, region: str) -> Finding:
    """AWS must publish the framework's image in the region. Every account may pull from its repositories.

    Only the table of AWS's registry accounts is checked (SageMaker Python SDK 2.257.7), since no other account may list
    the images.
    """
    name = f"{image.framework} {image.version}"
    accounts = accounts_by_region(image.framework, image.version)
    if region not in accounts:
        text = f"AWS publishes no such image in {region}: name an image URI in {job}, or take another region"
        return Finding("image", name, Verdict.ERROR, text)
    return Finding("image", name, Verdict.FINE, f"AWS's account {accounts[region]} publishes it in {region}")


def check_image(
    uri: str,
    image: EcrImage | None,
    found: bool | Unread | None,
    policy: str | Unread | None,
    *,
    account: str,
    region: str,
    job: str,
) -> Finding:
    """An image must exist in the region, in a repository that the account may pull from.

    Sources: API reference of SageMaker, ContainerDefinition ("must be in the same region as the model"), and ECR User
    Guide, "Private repository policies". In the same account, the role's permissions are enough; the stack adds them.
    """
    if image is None:
        text = f"isn't in Amazon ECR: make sure that SageMaker can pull it for {job}"
        return Finding("image", uri, Verdict.NOT_CHECKED, text)
    if image.region != region:
        text = f"is in {image.region}, and SageMaker pulls from {region} only: push it to a repository there"
        return Finding("image", uri, Verdict.ERROR, text)
    if isinstance(found, Unread):
        return found.finding("image", uri, _must_pull(account) if image.account != account else "")
    if not found:
        missing = "the repository doesn't exist" if found is None else "the repository has no such image"
        text = f"{missing}: push the image, or correct the image in {job}"
        return Finding("image", uri, Verdict.ERROR, text)
    if image.account == account:
        return Finding("image", uri, Verdict.FINE, "exists; a role that the stack defines may pull it")
    return _check_pull(uri, image.account, policy, account=account, job=job)


def _must_pull(account: str) -> str:
    return f"its repository's policy must let the account {account} pull it"


def _check_pull(uri: str, owner: str, policy: str | Unread | None, *, account: str, job: str) -> Finding:
    """The repository of another account must let this account pull."""
    if isinstance(policy, Unread):
        return policy.finding("image", uri, _must_pull(account))
    access = Access.NOBODY if policy is None else access_of(account, policy, _PULL)
    if access is Access.ACCOUNT:
        return Finding("image", uri, Verdict.FINE, f"exists, and the account {account} may pull it")
    if access is Access.NAMED_ONLY:
        text = (
            f"its repository's policy lets only some principals of {account} pull it: add the role of {job}"
        )
        return Finding("image", uri, Verdict.WARNING, text)
    text = (
        f"the account {account} may not pull it: its owner, {owner}, must allow {', '.join(_PULL)} to "
        f"{account} in the repository's policy"
    )
    return Finding("image", uri, Verdict.ERROR, text)


def check_bucket(
    name: str, uses: Sequence[BucketUse], bucket: Bucket | Unread | None, *, region: str, customer_key: bool
) -> Finding:
    """A bucket must exist in the region, and a job must name the customer managed key that encrypts its objects.

    With `customer_key`, what is written is encrypted with the environment's key. Sources: API reference of SageMaker,
    ContainerDefinition (the model artifacts) and S3DataSource, which both require the same region; S3 User Guide,
    "Setting default server-side encryption".
    """
    where = listed([use.where for use in uses], most=3)
    if isinstance(bucket, Unread):
        return bucket.finding("bucket", name)
    if bucket is None:
        return Finding("bucket", name, Verdict.ERROR, f"doesn't exist: create it, or correct {where}")
    if bucket.region != region:
        text = f"is in {bucket.region}, and the jobs run in {region}: use a bucket there in {where}"
        return Finding("bucket", name, Verdict.ERROR, text)
    if isinstance(bucket.key, Unread):
        return bucket.key.finding("bucket", name, f"it is in {region}; its encryption is unknown")
    if bucket.key is None:
        return Finding("bucket", name, Verdict.FINE, f"in {region}, encrypted with an AWS key; {where}")
    return _check_encryption(name, uses, bucket.key, region=region, customer_key=customer_key)


def _check_encryption(
    name: str, uses: Sequence[BucketUse], key: str, *, region: str, customer_key: bool
) -> Finding:
    """The job must name the key: its roles get permissions only for keys that it names."""
    without = [use for use in uses if use.key_field and not use.key]
    reads = [use for use in without if use.reads]
    writes = [use for use in without if not use.reads and not customer_key]
    if reads:
        use, verdict, what = reads[0], Verdict.ERROR, "can't be decrypted"
    elif writes:
        use, verdict, what = writes[0], Verdict.WARNING, "may not be writable"
    else:
        where = listed([use.where for use in uses], most=3)
        return Finding("bucket", name, Verdict.FINE, f"in {region}, encrypted with {key}; {where}")
    text = f"a customer key encrypts new objects; without it, {use.where} {what}: add {use.key_field}: {key}"
    return Finding("bucket", name, verdict, text)


def check_key(name: str, where: str, key: Key | Unread | None, *, account: str, region: str) -> Finding:
    """A key must be in the region, enabled and symmetric, and its policy must allow IAM policies or name the role.

    Sources: KMS Developer Guide, "Key states" and "Key policies" (without a statement for the account, IAM policies
    have no effect); S3 User Guide, "Using server-side encryption with AWS KMS keys" (symmetric keys only).
    """
    parts = name.split(":")
    if len(parts) > 4 and parts[3] != region:
        text = f"is in {parts[3]}, and the jobs run in {region}: name a key there in {where}"
        return Finding("key", name, Verdict.ERROR, text)
    if isinstance(key, Unread):
        return key.finding("key", name, "the key's own policy may deny it too")
    fault = _key_fault(key)
    if fault or key is None:
        return Finding("key", name, Verdict.ERROR, f"{fault}, or name another key in {where}")
    if key.is_of_aws:
        return Finding("key", name, Verdict.FINE, f"is enabled, and managed by AWS; {where}")
    return _check_key_policy(name, where, key, account)


def _key_fault(key: Key | None) -> str:
    if key is None:
        return "doesn't exist here: create it"
    if key.state != "Enabled":
        return f"is {key.state}: enable it"
    return "" if key.is_symmetric else "isn't a symmetric encryption key, which S3 requires: create one"


def _check_key_policy(name: str, where: str, key: Key, account: str) -> Finding:
    """The key's policy must give access. KMS returns it only to the key's own account (API reference, GetKeyPolicy)."""
    owner = key.arn.split(":")[4]
    if owner != account:
        text = f"is enabled, and of the account {owner}: its policy must let {account} use it for {where}"
        return Finding("key", name, Verdict.NOT_CHECKED, text)
    if isinstance(key.policy, Unread):
        return key.policy.finding("key", name, "it is enabled; its policy must let the job's roles use it")
    access = access_of(account, key.policy, _USE_KEY)
    if access is Access.ACCOUNT:
        return Finding("key", name, Verdict.FINE, f"is enabled, and its policy leaves access to IAM; {where}")
    allow = f"let the roles of the job use {' and '.join(_USE_KEY)} in it"
    if access is Access.NAMED_ONLY:
        text = f"its policy lets only principals use it that it names: {allow}, unless they are among them; {where}"
        return Finding("key", name, Verdict.WARNING, text)
    return Finding(
        "key", name, Verdict.ERROR, f"its policy lets nobody of this account use it: {allow}; {where}"
    )


def check_model(name: str, job: str, found: bool | Unread) -> Finding:
    """A model that a job names must exist."""
    if isinstance(found, Unread):
        return found.finding("model", name)
    if not found:
        return Finding(
            "model", name, Verdict.ERROR, f"doesn't exist: create it, or correct model.existing of {job}"
        )
    return Finding("model", name, Verdict.FINE, f"exists; its own role needs access to the data of {job}")


def check_endpoint(name: str, job: str, status: str | Unread | None) -> Finding:
    """An endpoint that a job names must exist: a run uses the model of its configuration."""
    if isinstance(status, Unread):
        return status.finding("endpoint", name)
    if status is None:
        return Finding(
            "endpoint", name, Verdict.ERROR, f"doesn't exist: create it, or correct model.endpoint of {job}"
        )
    if status != "InService":
        return Finding("endpoint", name, Verdict.WARNING, f"is {status}: look at it before you start {job}")
    return Finding("endpoint", name, Verdict.FINE, "is InService")


def check_package_group(name: str, job: str, has_approved: bool | Unread | None) -> Finding:
    """A model package group must have an approved package: a run uses the newest one."""
    if isinstance(has_approved, Unread):
        return has_approved.finding("package group", name)
    if has_approved is None:
        text = f"doesn't exist: create it, or correct model.package_group of {job}"
        return Finding("package group", name, Verdict.ERROR, text)
    if not has_approved:
        return Finding(
            "package group",
            name,
            Verdict.ERROR,
            f"has no approved package: approve one before you start {job}",
        )
    return Finding("package group", name, Verdict.FINE, "has an approved package")


def check_role(
    arn: str, job: str, trust: dict[str, object] | str | Unread | None, *, account: str
) -> Finding:
    """A role that a job names must exist in the account and trust SageMaker (Developer Guide, "execution roles")."""
    if arn.split(":")[4] != account:
        text = f"is of another account, and SageMaker accepts roles of {account} only: correct model.role of {job}"
        return Finding("role", arn, Verdict.ERROR, text)
    if isinstance(trust, Unread):
        return trust.finding("role", arn)
    if trust is None:
        return Finding(
            "role", arn, Verdict.ERROR, f"doesn't exist: create it, or correct model.role of {job}"
        )
    if not trusts(trust, "sagemaker.amazonaws.com"):
        text = "doesn't trust SageMaker: allow sts:AssumeRole to sagemaker.amazonaws.com in its trust policy"
        return Finding("role", arn, Verdict.ERROR, text)
    return Finding(
        "role", arn, Verdict.FINE, "exists and trusts SageMaker; whether it may pull the image isn't checked"
    )
