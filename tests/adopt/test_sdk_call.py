from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.adopt import sdk_parameters
from batch_transform.adopt.sdk_call import adopt_sdk_call
from batch_transform.job.errors import InputError
from batch_transform.job.values.fields import LIMITS_OF_MEMBER

ROOT = Path(__file__).parents[2]
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


def test_values_known_only_at_run_time_are_shown_as_source() -> None:
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
    assert "the input and how it is split are not known" in adopted.notes[0]


def test_a_name_that_is_set_twice_is_unknown() -> None:
    adopted = adopt(f'kind = "a"\nif x: kind = "b"\n{CALL}, content_type=kind)')
    assert adopted.unknown == {("TransformInput", "ContentType"): "kind"}


def test_a_transformer_of_an_estimator_has_no_model_name() -> None:
    adopted = adopt(
        'estimator.transformer(1, "ml.m5.large", strategy="SingleRecord", role="r", vpc_config_override={})'
    )
    assert adopted.request["BatchStrategy"] == "SingleRecord"
    assert "ModelName" not in adopted.request
    assert "role is left out: the role belongs to the model." in adopted.notes


def test_tags_given_as_a_mapping_and_other_structures_are_read() -> None:
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


def test_python_warnings_about_the_code_are_not_shown() -> None:
    assert adopt(f'pattern = "\\d"\n{CALL})')


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1", "has no call that creates a transform job"),
        ("x = (", "nb.py:1: is not valid Python"),
        ("x = '\0'", "cannot be read as Python|is not valid Python"),
        (f"{CALL})\n{CALL})", r"has 2 calls .* --call:\n  1: transform\(...\), nb.py:1\n  2: .*:2"),
        ('Transformer("m", 1, "ml.m5.large", foo=1, tags=[])', "has no parameter foo in the SageMaker SDK 2"),
        ('Transformer(*a, instance_type="x")', r"unpacks \*a"),
        ('Transformer(instance_type="x", **a)', r"unpacks \*\*a"),
        (f"{CALL}{', 1' * 20})", "has 21 positional arguments"),
        ('{"a": 1}', "is JSON, but not a notebook"),
    ],
)
def test_fails_and_says_where(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adopt(source)


def test_every_parameter_becomes_a_member_of_the_request() -> None:
    structures = {path[:1] for path in LIMITS_OF_MEMBER}
    for parameters in (*sdk_parameters.CONSTRUCTORS.values(), sdk_parameters.TRANSFORM):
        for path in parameters.values():
            assert path is None or path in LIMITS_OF_MEMBER or path in structures


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


def test_fails_for_arguments_of_boto3_that_are_known_only_at_run_time() -> None:
    with pytest.raises(InputError, match=r"job.py:1: .* give the arguments as JSON"):
        adopt_sdk_call("sm.create_transform_job(**load())", origin="job.py")


def left_out(adopted: Any) -> list[tuple[str, str, bool]]:
    """Return the place, the start of the text and `may_matter` of everything that was left out."""
    return [(one.place, one.text.partition(",")[0], one.may_matter) for one in adopted.left_out]


CREATE = """
source = TransformDataSource(s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri="s3://in-bucket/x"))
def main(n):
    for day in days:
        job = TransformJob.create(
            transform_job_name="churn",
            model_name="churn-model",
            transform_input=TransformInput(data_source=source, content_type="text/csv", split_type="Line"),
            transform_output=TransformOutput(s3_output_path="s3://out-bucket/y", kms_key_id="k"),
            transform_resources={"instance_type": "ml.m5.large", "instance_count": 1},
            data_processing=DataProcessing(input_filter=f"$[{n}:]", output_filter="$[0,-1]", join_source="Input"),
            max_payload_in_mb=6,
            environment={"s3_uri_x": "y"},
            tags=[Tag(key="a", value="b")],
            region="eu-west-1",
        )
"""


def test_create_of_sdk_3_is_read_with_the_names_of_the_api_even_in_a_loop() -> None:
    adopted = adopt(CREATE)
    assert adopted.request == {
        "ModelName": "churn-model",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/x"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://out-bucket/y", "KmsKeyId": "k"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"OutputFilter": "$[0,-1]", "JoinSource": "Input"},
        "MaxPayloadInMB": 6,
        "Environment": {"s3_uri_x": "y"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert left_out(adopted) == [("nb.py:11", "data_processing.input_filter is f'$[{n}:]'", True)]
    assert "in a loop" in adopted.notes[0]


AIRFLOW = """
CONFIG = {
    "Transform": {
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/{{ ds }}/"}},
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://out-bucket/"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
    },
    "Model": {"ModelName": "churn"},
}
CONFIG["Transform"]["DataProcessing"] = {"InputFilter": "$[1:]"}
with DAG("x") as dag:
    SageMakerTransformOperator(task_id="t", config=CONFIG)
"""


def test_the_config_of_airflows_operator_is_a_request() -> None:
    adopted = adopt(AIRFLOW)
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.request["ModelName"] == "churn"
    assert left_out(adopted) == [("nb.py:16", "input.data is s3://in-bucket/{{ ds }}/", False)]
    assert "also creates a model" in adopted.notes[0]


def test_the_hook_of_airflow_is_read_like_its_operator() -> None:
    for call in ("hook.create_transform_job(config={}, check_interval=5)", "hook.create_transform_job({})"):
        request = (
            "{'TransformJobName': 'churn', 'ModelName': 'm', 'DataProcessing': {'InputFilter': '$[1:]'}}"
        )
        adopted = adopt(call.replace("{}", request))
        assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}


def test_a_pipeline_step_is_read_with_its_transformer_and_inputs() -> None:
    adopted = adopt(
        "t = Transformer(model_name='m', instance_count=1, instance_type='ml.m5.large', accept='text/csv')\n"
        "t.strategy = 'SingleRecord'\n"
        "TransformStep(name='T', transformer=t, inputs=TransformInput(data='s3://in-bucket/x', input_filter='$[1:]'))"
    )
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.request["BatchStrategy"] == "SingleRecord"
    assert adopted.request["TransformOutput"] == {"Accept": "text/csv"}


@pytest.mark.parametrize(
    "call",
    [
        "transform_config(t, 's3://in-bucket/x', input_filter='$[1:]')",
        "steps.TransformStep('s', transformer=t, job_name='j', data='s3://in-bucket/x', input_filter='$[1:]')",
        "s.add(step_args=t.transform('s3://in-bucket/x', input_filter='$[1:]'))",
    ],
)
def test_helpers_of_other_workflows_are_read_with_their_transformer(call: str) -> None:
    adopted = adopt(f"t = Transformer('m', 1, 'ml.m5.large')\n{call}")
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.request["TransformResources"]["InstanceType"] == "ml.m5.large"


@pytest.mark.parametrize(
    ("code", "place"),
    [
        (f"def run(n):\n    {CALL}, input_filter=f'$[{{n}}:]')", "nb.py:2"),
        (f"options = {{}}\noptions['input_filter'] = '$[1:]'\n{CALL}, content_type='text/csv')", "nb.py:2"),
        (f"more = {{'InputFilter': '$[1:]'}}\nsend(more)\n{CALL})", "nb.py:1"),
        (f"job.output_filter = '$'\n{CALL})", "nb.py:1"),
        (f"def run(f):\n    {CALL}, join_source=f)\nrun(f='Input')", "nb.py:2"),
    ],
)
def test_a_filter_that_is_left_out_is_reported_with_its_line(code: str, place: str) -> None:
    found = [one for one in adopt(code).left_out if one.may_matter]
    assert [one.place for one in found] == [place]
    assert any(name in str(found[0]) for name in ("filter", "Filter", "join_source"))


def test_a_filter_that_is_read_through_names_is_not_reported() -> None:
    adopted = adopt(
        f"x = '$[1:]'\noptions = {{'input_filter': x}}\noptions['join_source'] = 'Input'\n{CALL}, **options)"
    )
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]", "JoinSource": "Input"}
    assert adopted.left_out == []


def test_a_missing_transformer_is_reported() -> None:
    adopted = adopt("load().transform('s3://in-bucket/x', content_type='text/csv')")
    ((place, text, may_matter),) = left_out(adopted)
    assert (place, may_matter) == ("nb.py:1", True)
    assert text.startswith("the Transformer(...) of this call is not in the code")


def test_a_cell_that_is_not_python_is_reported_and_the_call_in_another_is_read() -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("print 'x'", f"%%time\n{CALL})")]
    adopted = adopt(json.dumps({"cells": cells}))
    assert adopted.request["ModelName"] == "m"
    ((_, text, may_matter),) = left_out(adopted)
    assert text.startswith("nb.py")
    assert may_matter


def test_a_markdown_note_is_read() -> None:
    adopted = adopt(f"# Scoring\n\n```python\n{CALL}, input_filter='$[1:]')\n```\n\nThat is all (really.\n")
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}


def test_cells_of_a_notebook_that_was_exported_as_a_script_are_read() -> None:
    cell = f"x = '$[1:]'\\n{CALL}, input_filter=x)\\n".replace('"', '\\"')
    adopted = adopt(
        f'get_ipython().run_line_magic("pip", "install x")\nget_ipython().run_cell_magic("time", "", "{cell}")'
    )
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.left_out == []


def test_create_of_sdk_3_is_read_from_objects_and_dicts_that_change_before_the_call() -> None:
    adopted = adopt(
        "source = TransformInput(data_source={'s3_data_source': {'s3_data_type': 'S3Prefix', 's3_uri': 's3://b-1/x'}})\n"
        "source.split_type = 'Line'\n"
        "if x:\n    source.content_type = 'text/csv'\n"
        "given = {'model_name': 'm', 'transform_input': source}\n"
        "given['data_processing'] = DataProcessing(input_filter='$[1:]')\n"
        "given['data_processing'].output_filter = '$'\n"
        "given['transform_output'] = TransformOutput(s3_output_path='s3://b-1/y')\n"
        "shapes = TransformResources\n"
        "TransformJob.create('name', **given, transform_resources=shapes(instance_count=1))"
    )
    assert adopted.request["TransformInput"]["SplitType"] == "Line"
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.job_name == "name"
    assert [(place, text) for place, text, may_matter in left_out(adopted) if may_matter] == [
        ("nb.py:4", "input.content_type is 'text/csv'"),
        ("nb.py:10", "TransformResources is shapes(instance_count=1)"),
        ("nb.py:7", "output_filter='$' is not part of any call that was read"),
    ]


def test_a_name_that_each_section_of_a_notebook_sets_again_has_the_value_of_its_section() -> None:
    sections = "".join(
        f"t = Transformer('m{n}', 1, 'ml.m5.large')\nt.accept = 'a/{n}'\nx = '$[{n}:]'\n"
        "t.transform('s3://in-bucket/x', input_filter=x)\n"
        for n in (1, 2)
    )
    for number in (1, 2):
        adopted = adopt_sdk_call(sections, origin="nb.py", call=number)
        assert adopted.request["ModelName"] == f"m{number}"
        assert adopted.request["TransformOutput"] == {"Accept": f"a/{number}"}
        assert adopted.request["DataProcessing"] == {"InputFilter": f"$[{number}:]"}
        assert adopted.left_out == []


def test_the_filter_of_another_call_is_not_reported_as_left_out() -> None:
    code = f"options = {{'input_filter': '$[1:]'}}\n{CALL}, **options)\n{CALL}, split_type='Line')"
    assert adopt_sdk_call(code, origin="nb.py", call=2).left_out == []
