"""The locations of a job's data in the buckets of an app, and their keys."""

from __future__ import annotations

import dataclasses

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform.job.errors import ConstructError
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.ground.tokens import bucket_key, bucket_name, key_arn


class JobPlaces:
    """The locations that a job reads and writes; `captured` is None if nothing is captured.

    The default is a prefix with the job's name in the bucket of the app. A location in that bucket uses the bucket
    construct, with its key; any other bucket is known by name only. The keys for reading are the bucket's and
    `input.kms_key`, since objects may have a key of their own. The key for writing is the one that the job names, or
    the bucket's, or `encryption_key`.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        job: JobSpec,
        input_bucket: s3.IBucket,
        output_bucket: s3.IBucket,
        encryption_key: kms.IKey | None,
    ) -> None:
        self._scope = scope
        self._job = job
        self._encryption_key = encryption_key
        self.data = self._read("GivenData", job.input.data, input_bucket, job.input.kms_key)
        self.output = self._written("GivenOutput", job.output.path, output_bucket, job.output.kms_key)
        capture = job.batch_data_capture_config
        self.captured = (
            self._written("GivenCaptured", capture.destination_s3_uri, output_bucket, capture.kms_key_id)
            if capture.destination_s3_uri
            else None
        )

    @property
    def readable(self) -> DataLocation:
        """What the job's role must be able to read: a manifest may name objects anywhere in its bucket."""
        if self._job.input.data_type != "ManifestFile":
            return self.data
        return dataclasses.replace(self.data, prefix="")

    def _read(
        self, construct_id: str, uri: str | None, bucket: s3.IBucket, named: str | None
    ) -> DataLocation:
        place = self._place(construct_id, uri, bucket, named)
        own = _key_of(bucket) if place.bucket is bucket else None
        return dataclasses.replace(place, key=own or place.key, other_key=place.key if own else None)

    def _written(
        self, construct_id: str, uri: str | None, bucket: s3.IBucket, named: str | None
    ) -> DataLocation:
        place = self._place(construct_id, _folder(uri), bucket, named)
        if place.key is not None or self._encryption_key is None:
            return place
        return DataLocation(place.bucket, place.prefix, KmsKey.of(self._encryption_key))

    def _place(
        self, construct_id: str, uri: str | None, bucket: s3.IBucket, named: str | None
    ) -> DataLocation:
        prefix = f"{self._job.name}/"
        if uri is not None:
            address = S3Uri.parse(uri)
            prefix = address.key
            if address.bucket != bucket_name(bucket):
                elsewhere = s3.Bucket.from_bucket_name(self._scope, construct_id, address.bucket)
                return DataLocation(elsewhere, prefix, self._named(named))
        return DataLocation(bucket, prefix, self._named(named) or _key_of(bucket))

    def _named(self, text: str | None) -> KmsKey | None:
        """The key that the job names; if that is the app's own key, the construct."""
        if text is None:
            return None
        if self._encryption_key is not None and text == key_arn(self._encryption_key):
            return KmsKey.of(self._encryption_key)
        return KmsKey(text)


def require_in(bucket: s3.IBucket | None, uri: str | None, *, field: str, argument: str) -> None:
    """Raise ConstructError if the job names a location outside the bucket that the app provides."""
    if bucket is None or uri is None:
        return
    named = S3Uri.parse(uri).bucket
    if named != bucket_name(bucket):
        raise ConstructError(
            f"{field} is in the bucket '{named}', but {argument} is another bucket; write {field} with "
            f"bucket.s3_url_for_object('prefix/'), or leave one of the two out"
        )


def _key_of(bucket: s3.IBucket) -> KmsKey | None:
    return KmsKey.of(key) if (key := bucket_key(bucket)) is not None else None


def _folder(uri: str | None) -> str | None:
    """Return the URI of a folder: write access to `s3://b/churn` must not include `s3://b/churn2/`."""
    return f"{uri.rstrip('/')}/" if uri else uri
