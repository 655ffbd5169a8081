"""Which objects a job reads, and the names of their results."""

from __future__ import annotations

import json

import pytest

from batch_transform.engine.selection import manifest_entries, selected_objects
from batch_transform.engine.settings import effective_settings
from batch_transform.job.errors import TransformSettingsError
from engine.fake_world import MemoryStore, request


def select(
    keys: list[str], uri: str, output: str = "s3://bucket/out", *, manifest: bytes | None = None
) -> dict[str, str]:
    objects = dict.fromkeys(keys, b"x") | ({"m.json": manifest} if manifest is not None else {})
    data_type = "S3Prefix" if manifest is None else "ManifestFile"
    settings = effective_settings(request(uri=uri, output=output, data_type=data_type), {})
    return {
        selected.source.key: str(selected.output)
        for selected in selected_objects(settings, MemoryStore(objects))
    }


@pytest.mark.parametrize("uri", ["s3://bucket/in", "s3://bucket/in/"])
@pytest.mark.parametrize("output", ["s3://bucket/out", "s3://bucket/out/"])
def test_a_prefix_keeps_what_follows_it_with_or_without_slashes(uri: str, output: str) -> None:
    assert select(["in/0.png", "in/deep/er/1.png"], uri, output) == {
        "in/0.png": "s3://bucket/out/0.png.out",
        "in/deep/er/1.png": "s3://bucket/out/deep/er/1.png.out",
    }


def test_the_output_of_an_object_named_by_the_uri_has_its_last_name() -> None:
    assert select(["a/b/test.csv"], "s3://bucket/a/b/test.csv") == {
        "a/b/test.csv": "s3://bucket/out/test.csv.out"
    }


def test_a_prefix_is_a_string_and_selects_siblings_too() -> None:
    found = select(["test_output/a", "test_output_pose/b", "tests"], "s3://bucket/test_output")
    assert list(found) == ["test_output/a", "test_output_pose/b"]


def test_the_output_may_be_the_root_of_a_bucket() -> None:
    assert select(["in/a"], "s3://bucket/in/", "s3://bucket") == {"in/a": "s3://bucket/a.out"}


def test_markers_of_empty_folders_are_skipped_and_other_empty_objects_are_not() -> None:
    settings = effective_settings(request(), {})
    store = MemoryStore({"in/": b"", "in/deep/": b"", "in/empty.csv": b"", "in/full/": b"x"})
    assert [selected.source.key for selected in selected_objects(settings, store)] == [
        "in/empty.csv",
        "in/full/",
    ]


def test_a_manifest_selects_prefix_plus_name_and_keeps_the_names() -> None:
    manifest = json.dumps(
        [{"prefix": "s3://bucket/some/prefix/"}, "relative/path/to/custdata-1", "b"]
    ).encode()
    assert select([], "s3://bucket/m.json", manifest=manifest) == {
        "some/prefix/relative/path/to/custdata-1": "s3://bucket/out/relative/path/to/custdata-1.out",
        "some/prefix/b": "s3://bucket/out/b.out",
    }


def test_a_manifest_may_name_an_object_only_by_its_prefix() -> None:
    manifest = b'[{"prefix": "s3://bucket/a/b.csv"}, ""]'
    assert select([], "s3://bucket/m.json", manifest=manifest) == {"a/b.csv": "s3://bucket/out/b.csv.out"}


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[]",
        b"1",
        b'["a"]',
        b'[{"prefix": 1}, "a"]',
        b'[{"prefix": "s3://b/"}, 1]',
        b'[{"prefix": "x"}, "a"]',
        b"\xff",
        b'{"prefix": "s3://b/"}',
        b'"prefix"',
    ],
)
def test_fails_for_an_invalid_manifest(manifest: bytes) -> None:
    with pytest.raises(TransformSettingsError) as failure:
        manifest_entries(manifest)
    assert str(failure.value) == (
        'the manifest is not of the form [{"prefix": "s3://bucket/prefix/"}, "name", "name"]'
    )


def test_fails_for_a_missing_manifest() -> None:
    with pytest.raises(TransformSettingsError, match="the manifest doesn't exist"):
        list(selected_objects(effective_settings(request(data_type="ManifestFile"), {}), MemoryStore({})))


def test_fails_when_two_results_would_overwrite_each_other() -> None:
    with pytest.raises(TransformSettingsError, match=r"the same output object s3://bucket/out/x\.out"):
        select(["a/x", "ax"], "s3://bucket/a")
