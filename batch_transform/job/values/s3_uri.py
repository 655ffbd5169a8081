"""An address in S3: a bucket and a key, or a key prefix; and where the result of an input object is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batch_transform.job.errors import InvalidS3UriError

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)
# The API reference's pattern for S3Uri allows https as well; these are S3's two forms of it.
_HTTPS_BUCKET_IN_HOST = re.compile(r"https://(?P<bucket>[^/]+)\.s3[.-][^/]+/?(?P<key>.*)", re.DOTALL)
_HTTPS_BUCKET_IN_PATH = re.compile(r"https://s3[.-][^/]+/(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)

# S3's naming rules for new buckets. Buckets older than March 2018 in us-east-1 may break them.
_BUCKET_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Every name that S3 has ever allowed, including those older buckets.
_EVER_A_BUCKET_NAME = re.compile(r"(?!\d+(\.\d+){3}$)[A-Za-z0-9._-]{3,255}")


@dataclass(frozen=True)
class S3Uri:
    """`key` has no leading slash and is empty for a whole bucket. A prefix is a plain string, not a folder."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Read `s3://bucket/key`, or the `https://` form of it. Raises InvalidS3UriError."""
        for form in (_S3, _HTTPS_BUCKET_IN_HOST, _HTTPS_BUCKET_IN_PATH):
            found = form.fullmatch(text)
            if found:
                return cls(found["bucket"], found["key"])
        raise InvalidS3UriError(f"'{text}' is not an S3 address; write s3://BUCKET/KEY")

    @property
    def has_usual_bucket_name(self) -> bool:
        """Whether the bucket's name follows S3's rules for new buckets."""
        return _BUCKET_NAME.fullmatch(self.bucket) is not None

    @property
    def has_possible_bucket_name(self) -> bool:
        """Whether S3 ever had buckets with such a name (S3 User Guide, "General purpose bucket naming rules")."""
        return _EVER_A_BUCKET_NAME.fullmatch(self.bucket) is not None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def output_key(key: str, input_prefix: str, output_prefix: str, *, alone: bool) -> str:
    """Return the key of the `.out` object for the input object `key`.

    `input_prefix` and `output_prefix` are the keys of S3Uri and S3OutputPath. `alone` says that
    the job's S3Uri is this very object: then only its last name counts (recorded in four public
    repositories). Below a prefix, what follows the prefix is kept, without a leading `/`
    (recorded for one level; deeper levels are inferred). S3OutputPath may end with `/` or not.
    """
    name = key.rpartition("/")[2] if alone else key[len(input_prefix) :].lstrip("/")
    folder = output_prefix.rstrip("/")
    return f"{folder}/{name}.out" if folder else f"{name}.out"
