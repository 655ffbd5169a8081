"""The schema as an editor uses it: job files are checked by a validator for JSON Schema 2020-12."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.files.job_schema import job_schema
from job.rules.test_bad_job_files import BAD_FILES

PROJECT = Path(__file__).resolve().parents[3]

# ajv is installed with the validator of state machines.
_VALIDATOR = """
const Ajv = require('ajv/dist/2020');
const {schema, documents} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const ajv = new Ajv({strict: true, strictTypes: false, strictRequired: false, allErrors: true, verbose: true});
const validate = ajv.compile(schema);
console.log(JSON.stringify(documents.map(document => validate(document) ? [] :
    validate.errors.map(error => `${error.instancePath} ${error.message}`))));
"""

Validate = Callable[[Sequence[str]], list[list[str]]]


@pytest.fixture(scope="module")
def errors_in() -> Validate:
    """Return the schema's errors for each of these YAML texts."""

    def validate(texts: Sequence[str]) -> list[list[str]]:
        documents = [yaml.safe_load(text) for text in texts]
        done = subprocess.run(
            [str(Path(sys.executable).parent / "node"), "-e", _VALIDATOR],
            input=json.dumps({"schema": job_schema(), "documents": documents}, default=str),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[list[str]] = json.loads(done.stdout)
        return found

    return validate


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = json.loads((PROJECT / "jobs/job.schema.json").read_text(encoding="utf-8"))
    assert committed == job_schema(), "to write it again: batch-transform schema > jobs/job.schema.json"


def test_an_editor_completes_instance_types_and_shows_defaults() -> None:
    transform = job_schema()["properties"]["transform"]["properties"]
    one, many, nothing = transform["instance_type"]["anyOf"]
    assert one["enum"] == many["items"]["enum"] == [*INSTANCE_TYPES]
    assert nothing == {"type": "null"}
    assert transform["instance_type"]["default"] == "ml.m5.large"
    assert transform["instance_count"]["default"] == 1


GOOD = [
    "name: demo\nmodel: {existing: demo-model}\n",
    "name: demo\nmodel: {existing: m, endpoint: , artifact: ~}\ndata_processing: {send: [a], input_filter: }\n",
    "name: demo\nmodel: {endpoint: live}\ninput:\ntransform: {strategy: , max_payload: ~}\n",
    "name: demo\nmodel: {package_group: churn, role: 'arn:aws:iam::123456789012:role/models'}\n",
    "name: demo\nmodel: {artifact: s3://b/m.tar.gz, image: {framework: pytorch, version: '2.5'}, env: {N: 1}}\n",
    "name: demo\nmodel: {containers: [{image: a/b}, {image: {framework: sklearn, version: 1.2-1}, source: x}]}\n",
    (PROJECT / "jobs/tumours.yaml").read_text(encoding="utf-8"),
    # An editor reads YAML 1.2, which has no dates: it reads them as text.
    re.sub(
        r"(\d{4}-\d\d-\d\dT\S+Z)", r'"\1"', (PROJECT / "tests/jobs/fullest.yaml").read_text(encoding="utf-8")
    ),
    "name: demo\nmodel: {existing: m}\ntriggers: {on_upload: {input: {transform.env: {A: ~}, Comment: x}}}\n",
]


def test_good_files_pass(errors_in: Validate) -> None:
    assert errors_in(GOOD) == [[]] * len(GOOD)


# A schema can't check several fields together, files, or other systems.
_BEYOND = {
    "artifact-uncompressed",
    "column-duplicate",
    "column-empty",
    "column-of-lines",
    "columns-type-unfit",
    "columns-twice",
    "columns-from-unreadable",
    "cron-days",
    "cron-malformed",
    "duplicate-field",
    "email-duplicate",
    "filter-beyond-columns",
    "filter-refused",
    "filter-syntax",
    "filter-twice",
    "filter-type-unfit",
    "image-missing",
    "instance-type-duplicate",
    "kms-key-without-archive",
    "ladder-of-two-images",
    "image-unknown",
    "image-without-registry",
    "missing-field",
    "name-ambiguous",
    "name-not-joined",
    "name-twice",
    "name-unknown",
    "name-unwritable",
    "bad-records-captured",
    "bad-records-inexact",
    "bad-records-need-lines",
    "bad-records-omit-unjoined",
    "bad-records-result-unfit",
    "bad-records-unlimited",
    "bucket-name-impossible",
    "names-apart",
    "names-empty",
    "names-need-columns",
    "names-need-type",
    "names-too-long",
    "output-under-input",
    "notify-empty",
    "payload-in-flight-too-large",
    "reconcile-uncountable",
    "role-missing",
    "run-too-large",
    "schedule-ends-first",
    "schedule-name-duplicate",
    "schedule-name-missing",
    "source-missing",
    "source-without-code",
    "tag-malformed",
    "tag-name-reserved",
    "timezone-unknown",
    "topic-fifo",
    "upload-input-too-long",
    "upload-key-too-long",
    "volume-key-with-local-storage",
    "accept-unfit",
    "label-size-unfit",
    "container-ambiguous",
    "content-type-unfit",
    "env-not-number",
    "program-not-module",
    "submit-directory-malformed",
    "submit-directory-of-job",
    "submit-directory-unknown",
}


def _known_to_a_schema(code: str) -> bool:
    return (
        code not in _BEYOND
        and not code.startswith(("yaml-", "join-", "file-", "override-"))
        and "-with-" not in code
        and not code.endswith("-beyond-limits")
    )


def test_files_with_an_error_in_a_single_field_fail(errors_in: Validate, tmp_path: Path) -> None:
    bad, passing = [], []
    for number, (code, why, marked) in enumerate(BAD_FILES):
        path = tmp_path / f"{number}.yaml"
        path.write_text(marked.replace("«", ""))
        problems = read_job_files([path]).problems
        if any(problem.code.startswith(("yaml-", "file-not")) for problem in problems) or "date" in why:
            continue  # not a document; or a YAML 1.1 date, which an editor reads as text
        named = (f"{code}: {why}", path.read_text())
        if not any(problem.is_error for problem in problems):
            passing.append(named)
        elif _known_to_a_schema(code):
            bad.append(named)
    assert len(bad) > 60
    assert len(passing) > 5
    assert [
        name
        for (name, _), errors in zip(bad, errors_in([text for _, text in bad]), strict=True)
        if not errors
    ] == []
    of_warnings = zip(passing, errors_in([text for _, text in passing]), strict=True)
    assert [(name, message) for (name, _), message in of_warnings if message] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: demo\nmodel: {}\n", "must have required property 'source'"),
        ("name: demo\nmodel: {existing: m, endpoint: e}\n", "must match exactly one schema in oneOf"),
        (
            "name: demo\nmodel: {existing: m}\ninput: {split_typ: Line}\n",
            "must NOT have additional properties",
        ),
        (
            "name: demo\nmodel: {existing: m}\ntransform: {max_payload: 200}\n",
            "/transform/max_payload must be <= 100",
        ),
        ("model: {existing: m}\n", "must have required property 'name'"),
        (
            "name: demo\nmodel: {existing: m}\ndata_processing: {send: [a], input_filter: $}\n",
            "/data_processing must NOT be valid",
        ),
        (
            "name: demo\nmodel: {existing: m}\ntriggers: {on_upload: {input: {transform: {max_payload: 200}}}}\n",
            "/triggers/on_upload/input/transform/max_payload must be <= 100",
        ),
        (
            "name: demo\nmodel: {existing: m}\ntriggers: {on_upload: {input: {transform: {max_paylod: 2}}}}\n",
            "/triggers/on_upload/input/transform must NOT have additional properties",
        ),
    ],
)
def test_an_editor_shows_what_is_wrong(errors_in: Validate, text: str, message: str) -> None:
    [errors] = errors_in([text])
    assert any(message in error for error in errors), errors


def test_the_example_job_names_the_schema() -> None:
    first: Any = (PROJECT / "jobs/tumours.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=job.schema.json"
