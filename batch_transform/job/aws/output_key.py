"""Where the result of an input object lies."""

from __future__ import annotations


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
