"""The page that maps the SDK's calls to job files agrees with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batch_transform.adopt.adopted import in_full
from batch_transform.adopt.job_text import request_of
from batch_transform.adopt.sdk_call import adopt_sdk_call
from batch_transform.adopt.sdk_parameters import CONSTRUCTORS, TRANSFORM, Parameters
from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.values.fields import FIELD_OF

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "migrate-from-the-sdk.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_both_sides_of_the_page_make_the_same_request(tmp_path: Path) -> None:
    adopted = adopt_sdk_call(block("python"), origin="the page")
    (tmp_path / "job.yaml").write_text(block("yaml"))
    spec = load_job_file(tmp_path / "job.yaml")
    assert request_of(spec) == in_full(adopted.request)
    assert spec.name == adopted.job_name


@pytest.mark.parametrize(
    "parameters", [CONSTRUCTORS["Transformer"], TRANSFORM], ids=["Transformer", "transform"]
)
def test_every_parameter_has_a_row_with_its_field(parameters: Parameters) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE))
    for name, path in parameters.items():
        assert name in rows
        if path in FIELD_OF:
            assert rows[name] == f"`{FIELD_OF[path]}`"
