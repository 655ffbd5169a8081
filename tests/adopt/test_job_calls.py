from __future__ import annotations

from typing import Any

import pytest

from batch_transform.adopt.sdk_call import adopt_sdk_call
from batch_transform.job.errors import InputError

CALL = 'Transformer("m", 1, "ml.m5.large").transform("s3://in-bucket/x"'


def adopt(source: str) -> Any:
    return adopt_sdk_call(source, origin="nb.py")


def test_other_things_called_transform_are_ignored() -> None:
    assert adopt(
        f"scaler.transform(X)\nframe.transform(f, axis)\n{CALL})".replace("frame.transform(f, axis)\n", "")
    )


@pytest.mark.parametrize(
    "code",
    [
        "made = {}\nSageMakerTransformOperator(task_id='score', config=made)",
        "made = {}\nSageMakerTransformOperator(task_id='score', config={'Transform': made})",
        "SageMakerTransformOperator(task_id='score', config={})",
    ],
)
def test_a_config_that_a_helper_makes_for_the_operator_is_one_job(code: str) -> None:
    helper = "transform_config(transformer=t, data='s3://in-bucket/x', input_filter='$[1:]')"
    adopted = adopt("t = Transformer('m', 1, 'ml.m5.large')\n" + code.replace("{}", helper))
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert adopted.request["ModelName"] == "m"


TWO = """
a = Transformer("m1", 1, "ml.m5.large", output_path="s3://out-bucket/1")
b = Transformer("m2", 1, "ml.m5.large", output_path="s3://out-bucket/2")
a.transform("s3://in-bucket/1", split_type="Line")
b.transform("s3://in-bucket/2", input_filter="$[1:]")
"""


def test_each_of_several_calls_has_its_own_transformer() -> None:
    first, second = (adopt_sdk_call(TWO, origin="nb.py", call=number) for number in (1, 2))
    assert (first.request["ModelName"], "DataProcessing" in first.request) == ("m1", False)
    assert first.left_out == []
    assert second.request["ModelName"] == "m2"
    assert second.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    with pytest.raises(InputError, match="has no call number 3"):
        adopt_sdk_call(TWO, origin="nb.py", call=3)


def test_a_transformer_that_is_an_attribute_is_found() -> None:
    adopted = adopt(
        "class Scorer:\n"
        "    def __init__(self):\n"
        "        self.t = Transformer('m', 1, 'ml.m5.large')\n"
        "        self.options = {'input_filter': '$[1:]'}\n"
        "    def score(self, data):\n"
        "        self.t.transform(data, split_type='Line', **self.options)\n"
        "class Other:\n"
        "    def make(self):\n"
        "        return Transformer('n', 1, 'ml.m5.large')\n"
    )
    assert adopted.request["ModelName"] == "m"
    assert adopted.request["DataProcessing"] == {"InputFilter": "$[1:]"}
    (left_out,) = adopted.left_out
    assert (left_out.place, left_out.may_matter) == ("nb.py:6", False)
    assert left_out.text.partition(",")[0] == "input.data is data"


def test_a_transform_of_another_library_is_not_a_second_call() -> None:
    adopted = adopt(f"encoder.transform(data=rows)\nencoder.transform('x')\n{CALL}, split_type='Line')")
    assert adopted.request["TransformInput"]["SplitType"] == "Line"


def test_a_transformer_that_a_function_makes_is_found() -> None:
    adopted = adopt(
        "def make():\n    return Transformer('m', 1, 'ml.m5.large')\n"
        "t = make()\nt.transform('s3://b-1/x', split_type='Line')"
    )
    assert adopted.request["ModelName"] == "m"
