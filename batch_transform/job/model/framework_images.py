"""The AWS framework containers for inference: repository, tag and the account that holds them per region.

Versions and accounts are the facts of the SageMaker Python SDK 2.257.7
(`image_uri_config/{sklearn,xgboost,pytorch}.json`), written as our own table. A version that AWS has published
since can always be written as an image URI. Regions outside the `aws` partition pull from another domain: see
`batch_transform.job.aws.partitions`.

Usage
-----
    repository("sklearn")                            # sagemaker-scikit-learn
    tag("sklearn", "1.2-1")                          # 1.2-1-cpu-py3
    tag("pytorch", "2.6", "ml.g5.xlarge")            # 2.6.0-gpu-py312
    accounts_by_region("sklearn", "1.2-1")           # {"eu-west-1": "141502667606", ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batch_transform.job.aws.instance_types import GPU_FAMILIES, NEURON_FAMILIES, family
from batch_transform.job.aws.partitions import partition_of
from batch_transform.job.errors import UnknownImageError
from batch_transform.job.values.job_spec import FrameworkImage

# scikit-learn and XGBoost, every version.
_ALGORITHM_ACCOUNTS = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "341280168497",
    "ca-west-1": "190319476487",
    "cn-north-1": "450853457545",
    "cn-northwest-1": "451049120500",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "414596584902",
    "us-iso-east-1": "833128469047",
    "us-isob-east-1": "281123927165",
    "us-isof-east-1": "108575199400",
    "us-isof-south-1": "124985052026",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}

_SHARED = "763104351884"

# The Deep Learning Containers: PyTorch.
_DEEP_LEARNING_ACCOUNTS = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-1": _SHARED,
    "ap-northeast-2": _SHARED,
    "ap-northeast-3": "364406365360",
    "ap-south-1": _SHARED,
    "ap-south-2": "772153158452",
    "ap-southeast-1": _SHARED,
    "ap-southeast-2": _SHARED,
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-central-1": _SHARED,
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-1": _SHARED,
    "eu-central-2": "380420809688",
    "eu-north-1": _SHARED,
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "eu-west-1": _SHARED,
    "eu-west-2": _SHARED,
    "eu-west-3": _SHARED,
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "mx-central-1": "637423239942",
    "sa-east-1": _SHARED,
    "us-east-1": _SHARED,
    "us-east-2": _SHARED,
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
    "us-iso-east-1": "886529160074",
    "us-isob-east-1": "094389454867",
    "us-isof-east-1": "303241398832",
    "us-isof-south-1": "454834333376",
    "us-west-1": _SHARED,
    "us-west-2": _SHARED,
}


_REPOSITORIES = {
    "sklearn": "sagemaker-scikit-learn",
    "xgboost": "sagemaker-xgboost",
    "pytorch": "pytorch-inference",
}

# Version -> tag; of PyTorch: version -> Python in the tag, which also names cpu or gpu.
_SKLEARN_TAGS = {version: f"{version}-cpu-py3" for version in ("0.20.0", "0.23-1", "1.0-1", "1.2-1")}
_XGBOOST_TAGS = {version: f"{version}-cpu-py3" for version in ("0.90-1", "0.90-2", "1.0-1")} | {
    version: version for version in ("1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5")
}
_PYTORCH_PYTHONS = (
    dict.fromkeys(("1.2.0", "1.3.1"), "py3")
    | dict.fromkeys(("1.4.0", "1.5.0", "1.6.0", "1.7.1", "1.8.0", "1.8.1"), "py36")
    | dict.fromkeys(("1.9.0", "1.9.1", "1.10.0", "1.10.2", "1.11.0", "1.12.0", "1.12.1"), "py38")
    | {"1.13.1": "py39"}
    | dict.fromkeys(("2.0.0", "2.0.1", "2.1.0", "2.2.0"), "py310")
    | dict.fromkeys(("2.3.0", "2.4.0", "2.5.1"), "py311")
    | {"2.6.0": "py312"}
)
_VERSIONS = {
    "sklearn": tuple(_SKLEARN_TAGS),
    "xgboost": tuple(_XGBOOST_TAGS),
    "pytorch": tuple(_PYTORCH_PYTHONS),
}

# Deep Learning Containers that the SDK does not know in these regions.
_PYTORCH_IN_ISOF = frozenset({"2.1.0", "2.2.0"})
_PYTORCH_NOT_IN_ISO = frozenset({"2.3.0", "2.4.0", "2.5.1", "2.6.0"})


@dataclass(frozen=True)
class ImageParts:
    """What an image's address is made of: `<account>.dkr.ecr.<region>.<domain suffix>/<repository>:<tag>`."""

    repository: str
    tag: str
    accounts: Mapping[str, str]


def image_uri_parts(framework: str, version: str, instance_type: str = "ml.m5.large") -> ImageParts:
    """Return repository, tag and accounts at once. Raises UnknownImageError, as every function here."""
    return ImageParts(
        repository(framework), tag(framework, version, instance_type), accounts_by_region(framework, version)
    )


def image_uri(image: FrameworkImage | str, region: str, instance_type: str = "ml.m5.large") -> str:
    """Return the address of a framework's image in a region; an image URI is returned as it is."""
    if isinstance(image, str):
        return image
    parts = image_uri_parts(image.framework, image.version, instance_type)
    account, domain = parts.accounts[region], partition_of(region).dns_suffix
    return f"{account}.dkr.ecr.{region}.{domain}/{parts.repository}:{parts.tag}"


def frameworks() -> tuple[str, ...]:
    """Return the frameworks that a job file can name."""
    return tuple(_REPOSITORIES)


def versions(framework: str) -> tuple[str, ...]:
    """Return the framework's versions, oldest first."""
    if framework not in _VERSIONS:
        raise UnknownImageError(
            f"'{framework}' is not a supported framework; write one of {', '.join(frameworks())}, "
            "or the whole image URI"
        )
    return _VERSIONS[framework]


def repository(framework: str) -> str:
    """Return the ECR repository that holds the framework's inference containers."""
    versions(framework)
    return _REPOSITORIES[framework]


def tag(framework: str, version: str, instance_type: str = "ml.m5.large") -> str:
    """Return the image's tag: for a GPU instance type the GPU image, where the framework has one."""
    version = _full_version(framework, version)
    chip = family(instance_type)
    if chip in NEURON_FAMILIES:
        raise UnknownImageError(
            f"{framework} {version} has no image for {instance_type}; "
            "write the URI of a Neuron image, or use another instance type"
        )
    if framework == "sklearn":
        return _SKLEARN_TAGS[version]
    if framework == "xgboost":
        return _XGBOOST_TAGS[version]
    processor = "gpu" if chip in GPU_FAMILIES else "cpu"
    return f"{version}-{processor}-{_PYTORCH_PYTHONS[version]}"


def accounts_by_region(framework: str, version: str) -> dict[str, str]:
    """Return the account id by region, of every region that has the image."""
    version = _full_version(framework, version)
    if framework != "pytorch":
        return dict(_ALGORITHM_ACCOUNTS)
    return {
        region: account
        for region, account in _DEEP_LEARNING_ACCOUNTS.items()
        if not (region.startswith("us-isof-") and version not in _PYTORCH_IN_ISOF)
        and not (region.startswith("us-iso") and version in _PYTORCH_NOT_IN_ISO)
    }


def _full_version(framework: str, version: str) -> str:
    """Return the listed version; for PyTorch, `2.5` means its newest patch, as in the SDK."""
    listed = versions(framework)
    if version in listed:
        return version
    patches = [patch for patch in listed if patch.rpartition(".")[0] == version]
    if framework == "pytorch" and patches:
        return patches[-1]
    raise UnknownImageError(
        f"{framework} has no version '{version}' that is known here; write one of {', '.join(listed)}, "
        "or the whole image URI"
    )
