"""Images of Amazon ECR that a repository has, and that it lacks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_an_image_is_described_by_its_tag_and_by_its_digest(lab: Any) -> None:
    ecr, name = lab.aws.client("ecr"), lab.name().lower()
    ecr.create_repository(repositoryName=name)
    put = ecr.put_image(repositoryName=name, imageManifest="{}", imageTag="7")["image"]["imageId"]
    for wanted in ({"imageTag": "7"}, {"imageDigest": put["imageDigest"]}):
        [found] = ecr.describe_images(repositoryName=name, imageIds=[wanted])["imageDetails"]
        assert found["imageDigest"] == put["imageDigest"]
    with pytest.raises(ClientError, match=r"imageTag:'8'.* does not exist within the repository") as refused:
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "8"}])
    assert refused.value.response["Error"]["Code"] == "ImageNotFoundException"
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": "sha256:" + "0" * 64}])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName="none", imageIds=[{"imageTag": "7"}])
