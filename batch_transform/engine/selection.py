"""Which objects a transform job reads, and where the result of each one goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from batch_transform.engine.interfaces import InputObject, ObjectStore
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import DataNotFoundError, InvalidS3UriError, TransformSettingsError
from batch_transform.job.values.s3_uri import S3Uri, output_key


@dataclass(frozen=True)
class Selected:
    """An input object, and the bucket and key of its `.out` object."""

    source: S3Uri
    output: S3Uri


def selected_objects(settings: Settings, store: ObjectStore) -> Iterator[Selected]:
    """Yield the job's input objects, in the order of their keys or of their manifest.

    Raises TransformSettingsError for an invalid manifest, and for two objects with the same output object.
    """
    found = _of_manifest(settings, store) if settings.is_manifest else _of_prefix(settings, store)
    outputs = set()
    for selected in found:
        if selected.output in outputs:
            raise TransformSettingsError(f"two input objects have the same output object {selected.output}")
        # Only a manifest, or a prefix that ends within a name, can give a name twice.
        if settings.is_manifest or not settings.source.key.endswith("/"):
            outputs.add(selected.output)
        yield selected


def is_folder_marker(found: InputObject) -> bool:
    """Return whether an object is the one that consoles create for an empty folder.

    It is skipped. What SageMaker does with it is not documented.
    """
    return found.size == 0 and found.key.endswith("/")


def manifest_entries(manifest: bytes) -> list[tuple[S3Uri, S3Uri]]:
    """Return (prefix, object) for each entry of a manifest.

    The format: `[{"prefix": "s3://bucket/prefix/"}, "name", "folder/name", ...]`, where an object's
    URI is the prefix followed by the name (API reference, S3DataSource). Raises TransformSettingsError.
    """
    try:
        head, *names = json.loads(manifest)
        prefix = head["prefix"]
        if not all(isinstance(text, str) for text in (prefix, *names)):
            raise TypeError
        return [(S3Uri.parse(prefix), S3Uri.parse(prefix + name)) for name in names]
    except (ValueError, TypeError, KeyError, InvalidS3UriError) as error:
        raise TransformSettingsError(
            'the manifest is not of the form [{"prefix": "s3://bucket/prefix/"}, "name", "name"]'
        ) from error


def _of_prefix(settings: Settings, store: ObjectStore) -> Iterator[Selected]:
    """A prefix is a plain string: `s3://b/test` selects both `test.csv` and `test_other/x.csv` (recorded)."""
    bucket, prefix = settings.source.bucket, settings.source.key
    for found in store.list_objects(bucket, prefix):
        if not is_folder_marker(found):
            key = output_key(found.key, prefix, settings.output.key, alone=found.key == prefix)
            yield Selected(S3Uri(bucket, found.key), S3Uri(settings.output.bucket, key))


def _of_manifest(settings: Settings, store: ObjectStore) -> Iterator[Selected]:
    try:
        with store.open(settings.source.bucket, settings.source.key) as stream:
            manifest = stream.read()
    except DataNotFoundError as error:
        raise TransformSettingsError(f"the manifest doesn't exist: {error}") from error
    for prefix, source in manifest_entries(manifest):
        key = output_key(source.key, prefix.key, settings.output.key, alone=source == prefix)
        yield Selected(source, S3Uri(settings.output.bucket, key))
