"""The names of a record's files. Spark and Hive hide names that begin with `_`."""

from __future__ import annotations

SCHEMA_VERSION = "1.1"
"""Of all files of a record. A new member raises the second number, any other change the first."""

RUN_FILE = "_run.json"
OBJECTS_FILE = "_objects.jsonl"
BAD_RECORDS_FILE = "_bad_records.jsonl"
REPORT_FILE = "_report.html"
PREDICTIONS_FILE = "_predictions.json"
SUCCESS_FILE = "_SUCCESS"
RETRY_PREFIX = "_retry-"
"""Of the files of a retry: the manifest of what it scores."""

RECORD_FILES = frozenset({RUN_FILE, OBJECTS_FILE, BAD_RECORDS_FILE, REPORT_FILE, PREDICTIONS_FILE})
"""The files that have data: a transform job that reads them as input would score them."""

RESULT_SUFFIX = ".out"


def is_of_record(name: str) -> bool:
    """Return whether a name below a run's output prefix is a file of its record, and not a result.

    `name` is the key without the prefix. A result ends with `.out`, even if its input's name begins with `_`.
    """
    first, slash, _ = name.partition("/")
    return first.startswith("_") and (bool(slash) or not name.endswith(RESULT_SUFFIX))
