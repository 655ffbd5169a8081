"""The closed sets of values, under AWS's names. The API's strings are accepted in the same places.

Usage
-----
    InputSpec(content_type="text/csv", split_type=SplitType.LINE)     # the same as split_type="Line"
    DataProcessingSpec(join_source=JoinSource.INPUT)
    WorkflowSpec(overlapping_runs=OverlappingRuns.SKIP)
"""

from __future__ import annotations

from enum import StrEnum


class S3DataType(StrEnum):
    """What S3Uri names: a prefix of keys, or a manifest that lists objects."""

    S3_PREFIX = "S3Prefix"
    MANIFEST_FILE = "ManifestFile"


class CompressionType(StrEnum):
    """How the input objects are compressed."""

    NONE = "None"
    GZIP = "Gzip"


class SplitType(StrEnum):
    """What a record is: a line, a record of a binary format, or with `NONE` a whole object."""

    NONE = "None"
    LINE = "Line"
    RECORD_IO = "RecordIO"
    TF_RECORD = "TFRecord"


class AssembleWith(StrEnum):
    """What follows each result: a newline, or with `NONE` nothing."""

    NONE = "None"
    LINE = "Line"


class BatchStrategy(StrEnum):
    """How many records one request to the container has: as many as fit, or one."""

    MULTI_RECORD = "MultiRecord"
    SINGLE_RECORD = "SingleRecord"


class JoinSource(StrEnum):
    """What each result is joined with: its input record, or with `NONE` nothing."""

    INPUT = "Input"
    NONE = "None"


class Reconcile(StrEnum):
    """How the results of a run are compared with its input before it succeeds."""

    OBJECTS = "objects"
    RECORDS = "records"
    OFF = "off"


class Architecture(StrEnum):
    """The processors that Lambda runs the functions on."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


class OverlappingRuns(StrEnum):
    """What a run does while an earlier run of the same job is in progress."""

    WAIT = "wait"
    SKIP = "skip"
    FAIL = "fail"
    ALLOW = "allow"
