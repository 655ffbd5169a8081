"""The record of a run: the files below its output prefix that say what it did.

Their JSON Schemas, version SCHEMA_VERSION, are `run.schema.json`, `objects.schema.json`, `bad_records.schema.json` and
`predictions.schema.json`. docs/reference/run-record.md describes them for users.
"""
