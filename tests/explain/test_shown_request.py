from __future__ import annotations

import json
import shlex
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator

from batch_transform.explain.shown_request import aws_cli_command, shown_request
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)

FULL = JobSpec(
    name="demo",
    model=ModelSpec(existing="demo-model"),
    input=InputSpec(
        data="s3://in-bucket/it's here/", content_type="application/jsonlines", split_type="Line"
    ),
    transform=TransformSpec(
        strategy="MultiRecord",
        max_payload=2,
        max_concurrent_transforms=4,
        env={"QUOTED": "a 'b' \"c\" $HOME `id`\nü"},
        invocations_max_retries=1,
    ),
    data_processing=DataProcessingSpec(input_filter="$['a','b c']", join_source="Input"),
    output=OutputSpec(path="s3://out-bucket/x", accept="application/jsonlines", assemble_with="Line"),
    tags={"team": "data"},
)


def read_command(command: str) -> dict[str, Any]:
    """Parse the command as a shell and the AWS CLI would."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("CreateTransformJob").input_shape
    assert shape is not None
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    words = shlex.split(command.replace("\\\n", ""))
    assert words[:3] == ["aws", "sagemaker", "create-transform-job"]
    request = {}
    for option, value in zip(words[3::2], words[4::2], strict=True):
        name, member = members[option.removeprefix("--")]
        request[name] = value if member.type_name == "string" else json.loads(value)
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    return request


@pytest.mark.parametrize("spec", [FULL, JobSpec("small", ModelSpec(existing="m"))])
def test_the_command_sends_exactly_the_request(spec: JobSpec) -> None:
    request = shown_request(spec).request
    assert read_command(aws_cli_command(request)) == request
