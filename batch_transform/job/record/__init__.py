"""The record of a run: the files below its output prefix that say what it did.

`run.schema.json`, `objects.schema.json` and `bad_records.schema.json` are their JSON Schemas, version SCHEMA_VERSION.
docs/reference/run-record.md describes them for users.
"""
