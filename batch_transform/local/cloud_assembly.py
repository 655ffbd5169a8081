"""The output of `cdk synth`: stacks, their templates and their file assets (CDK, cloud-assembly-schema)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_transform.job.errors import DataNotFoundError, DeployError

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class FileAsset:
    """A file or folder to publish: `bucket` and `key` may hold placeholders such as `${AWS::AccountId}`."""

    path: Path
    is_zip: bool
    bucket: str
    key: str

    def content(self) -> bytes:
        """Return what is published: the file, or a zip of the folder. Equal folders have equal zips."""
        return _zipped(self.path) if self.is_zip and self.path.is_dir() else self.path.read_bytes()


@dataclass(frozen=True)
class StackArtifact:
    """A stack to deploy. `template_url` is where its template is published, as `s3://bucket/key`."""

    name: str
    template_url: str
    bootstrap_parameter: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    assets: tuple[FileAsset, ...]


def read_stack(assembly: Path, stack_name: str) -> StackArtifact:
    """Return the stack of that name from the folder that `cdk synth` wrote (`cdk.out`).

    Raises DataNotFoundError if there is no such folder or stack, and DeployError for what a local deployment can't do.
    """
    manifest = _json(assembly / "manifest.json")
    stacks = {
        str(artifact.get("properties", {}).get("stackName", name)): artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    if stack_name not in stacks:
        raise DataNotFoundError(
            f"{assembly} has no stack {stack_name}; it has {', '.join(sorted(stacks)) or 'none'}"
        )
    stack = stacks[stack_name]
    properties = stack["properties"]
    if "stackTemplateAssetObjectUrl" not in properties:
        raise DeployError(
            f"stack {stack_name}: its template is not an asset; synthesize it with the CDK's default synthesizer"
        )
    assets: list[FileAsset] = []
    for name in stack.get("dependencies", []):
        artifact = manifest["artifacts"][name]
        if artifact["type"] == "cdk:asset-manifest":
            assets += _assets(assembly, _json(assembly / artifact["properties"]["file"]))
    return StackArtifact(
        name=stack_name,
        template_url=properties["stackTemplateAssetObjectUrl"],
        bootstrap_parameter=properties["bootstrapStackVersionSsmParameter"],
        parameters=properties.get("parameters", {}),
        tags=properties.get("tags", {}),
        assets=tuple(assets),
    )


def _assets(assembly: Path, manifest: Mapping[str, Any]) -> list[FileAsset]:
    if manifest.get("dockerImages"):
        raise DeployError(
            f"{assembly}: it has container images as assets, which the local AWS can't build; use a registry's images"
        )
    assets = []
    for asset in manifest.get("files", {}).values():
        source = asset["source"]
        if "path" not in source:
            raise DeployError(
                f"{assembly}: an asset is made by a command ({source.get('executable')}), not from a file"
            )
        assets += [
            FileAsset(
                assembly / source["path"],
                source["packaging"] == "zip",
                where["bucketName"],
                where["objectKey"],
            )
            for where in asset["destinations"].values()
        ]
    return assets


def _json(path: Path) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataNotFoundError(f"there is no {path}; run `cdk synth` first") from error


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_TIME)
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
