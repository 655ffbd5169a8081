from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.authoring import sdk_parameters
from batch_transform.authoring.sdk_call import adopt_sdk_call
from batch_transform.spec.errors import InputError
from batch_transform.spec.request_shape import SHAPES

NOTEBOOK = """
%matplotlib inline
import sagemaker
from sagemaker.transformer import Transformer

bucket = "my-bucket"
prefix = "churn"
transformer = Transformer(
    model_name="churn-model",
    instance_count=2,
    instance_type="ml.m5.xlarge",
    strategy="MultiRecord",
    assemble_with="Line",
    output_path=f"s3://{bucket}/{prefix}/out",
    accept="text/csv",
    max_payload=6,
    tags=[{"Key": "team", "Value": "data"}],
    env={"LOG": "debug"},
    base_transform_job_name="churn-nightly",
    sagemaker_session=sagemaker.Session(),
)
transformer.transform(
    "s3://{}/{}/in/".format(bucket, prefix),
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    model_client_config={"InvocationsMaxRetries": 1},
    wait=False,
)
transformer.wait()
"""
# what the SDK 2.257.7 sends for it
REQUEST: dict[str, Any] = {
    "ModelName": "churn-model",
    "BatchStrategy": "MultiRecord",
    "MaxPayloadInMB": 6,
    "Environment": {"LOG": "debug"},
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://my-bucket/churn/in/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    },
    "TransformOutput": {
        "S3OutputPath": "s3://my-bucket/churn/out",
        "AssembleWith": "Line",
        "Accept": "text/csv",
    },
    "TransformResources": {"InstanceCount": 2, "InstanceType": "ml.m5.xlarge"},
    "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    "ModelClientConfig": {"InvocationsMaxRetries": 1},
    "Tags": [{"Key": "team", "Value": "data"}],
}
CALL = 'Transformer("m", 1, "ml.m5.large").transform("s3://in-bucket/x"'


def adopt(source: str) -> Any:
    return adopt_sdk_call(source, origin="nb.py")


def test_a_script_is_read_as_the_request_that_the_sdk_makes() -> None:
    adopted = adopt(NOTEBOOK)
    assert adopted.request == REQUEST
    assert adopted.job_name == "churn-nightly"
    assert adopted.unknown == {}


def test_a_notebook_is_read_cell_by_cell() -> None:
    setup, call = NOTEBOOK.split("transformer = Transformer", 1)
    cells = [
        {"cell_type": "markdown", "source": ["not (Python"]},
        {"cell_type": "code", "source": ["%%bash\n", "rm (x"]},
        {"cell_type": "code", "source": setup.splitlines(keepends=True)},
        {"cell_type": "code", "source": f"!pip install x\ntransformer = Transformer{call}"},
    ]
    assert adopt(json.dumps({"cells": cells})).request == REQUEST


def test_the_code_is_not_run() -> None:
    adopted = adopt(
        f'raise SystemExit(__import__("os").abort())\n{CALL}, content_type=open("/etc/passwd").read())'
    )
    assert adopted.unknown == {("TransformInput", "ContentType"): "open('/etc/passwd').read()"}


def test_values_that_only_the_code_knows_are_told_by_their_source() -> None:
    adopted = adopt(
        "name = make()\n"
        "for kind in kinds: pass\n"
        "Transformer(model.name, n + 1, kind, tags={'a': name}, env={'A': name, 'B': 'b'}, output_path=f'{name}/x')"
    )
    assert adopted.unknown == {
        ("ModelName",): "model.name",
        ("TransformResources", "InstanceCount"): "n + 1",
        ("TransformResources", "InstanceType"): "kind",
        ("Tags",): "name",
        ("Environment", "A"): "name",
        ("TransformOutput", "S3OutputPath"): "f'{name}/x'",
    }
    assert adopted.request["Environment"] == {"B": "b"}
    assert "what is scored, and how it is split, is not told" in adopted.notes[0]


def test_a_name_that_is_set_twice_is_not_known() -> None:
    adopted = adopt(f'kind = "a"\nif x: kind = "b"\n{CALL}, content_type=kind)')
    assert adopted.unknown == {("TransformInput", "ContentType"): "kind"}


def test_a_transformer_of_an_estimator_has_no_model_name() -> None:
    adopted = adopt(
        'estimator.transformer(1, "ml.m5.large", strategy="SingleRecord", role="r", vpc_config_override={})'
    )
    assert adopted.request["BatchStrategy"] == "SingleRecord"
    assert "ModelName" not in adopted.request
    assert "role is left out: the role belongs to the model." in adopted.notes


def test_tags_as_a_mapping_and_other_structures() -> None:
    adopted = adopt(
        "capture = BatchDataCaptureConfig('s3://out-bucket/capture', generate_inference_id=True)\n"
        f"options = dict(content_type='text/csv')\n{CALL}, batch_data_capture_config=capture, **options)".replace(
            '"ml.m5.large")', '"ml.m5.large", tags={"n": 1})'
        )
    )
    assert adopted.request["Tags"] == [{"Key": "n", "Value": "1"}]
    assert adopted.request["DataCaptureConfig"] == {
        "DestinationS3Uri": "s3://out-bucket/capture",
        "GenerateInferenceId": True,
    }
    assert adopted.request["TransformInput"]["ContentType"] == "text/csv"


def test_local_mode_leaves_the_instance_type_open() -> None:
    adopted = adopt(CALL.replace("ml.m5.large", "local") + ")")
    assert "InstanceType" not in adopted.request["TransformResources"]
    assert "local mode" in adopted.notes[0]


def test_remarks_of_python_on_the_code_are_not_ours() -> None:
    assert adopt(f'pattern = "\\d"\n{CALL})')


def test_other_things_called_transform_are_let_be() -> None:
    assert adopt(
        f"scaler.transform(X)\nframe.transform(f, axis)\n{CALL})".replace("frame.transform(f, axis)\n", "")
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1", "has no call of Transformer"),
        ("x = (", "nb.py:1: is no Python"),
        ("x = '\0'", "is no Python"),
        (f"{CALL})\n{CALL})", "calls Transformer.* 2 times, on lines 1 and 2"),
        ('Transformer("m", 1, "ml.m5.large", foo=1, tags=[])', "has no parameter foo in the SageMaker SDK 2"),
        ('Transformer(*a, instance_type="x")', r"spreads \*a"),
        ('Transformer(instance_type="x", **a)', r"spreads \*\*a"),
        (f"{CALL}{', 1' * 20})", "has 21 values without a name"),
        ('{"a": 1}', "is JSON and no notebook"),
    ],
)
def test_fails_and_says_where(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adopt(source)


def test_every_parameter_becomes_a_member_of_the_request() -> None:
    structures = {path[:1] for path in SHAPES}
    for parameters in (*sdk_parameters.CONSTRUCTORS.values(), sdk_parameters.TRANSFORM):
        for path in parameters.values():
            assert path is None or path in SHAPES or path in structures


def test_the_tables_are_those_of_the_sdk() -> None:
    found = importlib.util.find_spec("sagemaker")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the SageMaker SDK is not installed here")
    folder = Path(next(iter(found.submodule_search_locations)))
    source = (folder / "transformer.py").read_text(encoding="utf-8")
    tables = {"__init__": sdk_parameters.CONSTRUCTORS["Transformer"], "transform": sdk_parameters.TRANSFORM}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name in tables:
            assert [argument.arg for argument in node.args.args][1:] == list(tables[node.name])


BOTO3 = """
import boto3
sm = boto3.client("sagemaker")
request = {
    "TransformJobName": "churn-260102-1000",
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}, "ContentType": "text/csv"
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
    "Environment": {"LEVEL": "info"},
}
sm.create_transform_job(**request, TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
"""


def test_a_call_of_boto3_is_read_as_the_request_that_it_makes() -> None:
    adopted = adopt_sdk_call(BOTO3, origin="job.py")
    assert adopted.job_name == "churn"
    assert adopted.request == {
        "ModelName": "churn-model",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix"}},
            "ContentType": "text/csv",
        },
        "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Environment": {"LEVEL": "info"},
    }
    assert adopted.unknown == {("TransformInput", "DataSource", "S3DataSource", "S3Uri"): "data"}


def test_fails_for_arguments_of_boto3_that_only_running_tells() -> None:
    with pytest.raises(InputError, match=r"job.py:1: .* give its arguments as JSON"):
        adopt_sdk_call("sm.create_transform_job(**load())", origin="job.py")
