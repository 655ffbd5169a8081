from __future__ import annotations

import json

import pytest

from batch_transform.cli.main import main
from batch_transform.job.files.job_schema import job_schema


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schema"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert json.loads(out) == job_schema()
