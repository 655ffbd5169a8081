"""Images of Amazon ECR: a tag or a digest that a repository lacks.

API reference of ECR, DescribeImages: ImageNotFoundException. The emulator leaves such an image out of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve


def plug_in() -> None:
    """Refuse to describe images that don't exist."""
    operations.answer("ecr", {"DescribeImages": _describe_images})


async def _describe_images(request: Request, serve: Serve) -> HttpAnswer:
    answer = await serve(request)
    status, _, body = answer
    if status != 200:
        return answer
    found = json.loads(body)["imageDetails"]
    for wanted in request.get("imageIds") or ():
        if not any(_is(wanted, image) for image in found):
            named = ", ".join(f"{name}:'{wanted.get(name, 'null')}'" for name in ("imageDigest", "imageTag"))
            return operations.refusal(
                "ImageNotFoundException",
                f"The image with imageId {{{named}}} does not exist within the repository with name "
                f"'{request['repositoryName']}'",
            )
    return answer


def _is(wanted: Mapping[str, str], image: Mapping[str, Any]) -> bool:
    if "imageDigest" in wanted:
        return bool(wanted["imageDigest"] == image["imageDigest"])
    return wanted.get("imageTag") in image["imageTags"]
