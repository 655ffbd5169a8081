from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import DataNotFoundError, DeployError
from batch_transform.local.cloud_assembly import FileAsset, read_stack

BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"


def write_assembly(
    folder: Path, template: dict[str, Any], *, name: str = "Demo", **asset_manifest: Any
) -> Path:
    """Write a cloud assembly as `cdk synth` does, with one stack and one zipped folder as an asset."""
    folder.mkdir(exist_ok=True)
    (folder / "asset.code").mkdir(exist_ok=True)
    (folder / "asset.code" / "handler.py").write_text("def handler(event, context):\n    return event\n")
    (folder / "Demo.template.json").write_text(json.dumps(template))
    key = f"{abs(hash(json.dumps(template)))}.json"
    files = {
        "template": ("Demo.template.json", "file", key),
        "code": ("asset.code", "zip", "code.zip"),
    }
    manifest = {
        "files": {
            name: {
                "source": {"path": path, "packaging": packaging},
                "destinations": {"here": {"bucketName": BUCKET, "objectKey": object_key}},
            }
            for name, (path, packaging, object_key) in files.items()
        },
        **asset_manifest,
    }
    (folder / "Demo.assets.json").write_text(json.dumps(manifest))
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {
            "templateFile": "Demo.template.json",
            "stackName": name,
            "tags": {"team": "churn"},
            "stackTemplateAssetObjectUrl": f"s3://{BUCKET}/{key}",
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
        },
        "dependencies": ["Demo.assets"],
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Demo.assets.json"}}
    artifacts = {"Demo": stack, "Demo.assets": assets, "Tree": {"type": "cdk:tree"}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def test_a_stack_is_read_with_its_assets(tmp_path: Path) -> None:
    stack = read_stack(write_assembly(tmp_path / "cdk.out", {}), "Demo")
    assert stack.tags == {"team": "churn"}
    assert [(asset.key.rpartition(".")[2], asset.is_zip) for asset in stack.assets] == [
        ("json", False),
        ("zip", True),
    ]
    assert {asset.bucket for asset in stack.assets} == {BUCKET}


def test_a_folder_is_zipped_to_the_same_bytes_whatever_its_times(tmp_path: Path) -> None:
    zips: list[bytes] = []
    for name in ("one", "other"):
        folder = tmp_path / name
        (folder / "b").mkdir(parents=True)
        for path in (folder / "b" / "x.py", folder / "a.sh"):
            path.write_text("content")
        (folder / "a.sh").chmod(0o755)
        os.utime(folder / "a.sh", (0, len(zips)))
        zips.append(FileAsset(folder, True, BUCKET, "k").content())
    assert zips[0] == zips[1]
    with zipfile.ZipFile(io.BytesIO(zips[0])) as archive:
        assert archive.namelist() == ["a.sh", "b/x.py"]
        assert archive.getinfo("a.sh").external_attr >> 16 & 0o777 == 0o755


def test_fails_when_nothing_was_synthesised(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="run `cdk synth` first"):
        read_stack(tmp_path, "Demo")


def test_fails_naming_the_existing_stacks(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="has no stack Other; it has Demo"):
        read_stack(write_assembly(tmp_path, {}), "Other")


def test_fails_when_an_asset_is_a_container_image(tmp_path: Path) -> None:
    assembly = write_assembly(tmp_path, {}, dockerImages={"image": {}})
    with pytest.raises(DeployError, match="container images as assets"):
        read_stack(assembly, "Demo")
