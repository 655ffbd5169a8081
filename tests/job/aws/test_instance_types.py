from __future__ import annotations

import botocore.session
import pytest

from batch_transform.job.aws.instance_types import (
    GPU_FAMILIES,
    INSTANCE_TYPES,
    LOCAL_STORAGE_FAMILIES,
    NEURON_FAMILIES,
    family,
    near_instance_types,
)


def test_the_instance_types_are_those_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert list(INSTANCE_TYPES) == model.shape_for("TransformInstanceType").enum  # type: ignore[attr-defined] # a string shape


def test_each_family_that_is_named_exists() -> None:
    families = {family(instance_type) for instance_type in INSTANCE_TYPES}
    assert families >= GPU_FAMILIES | NEURON_FAMILIES | LOCAL_STORAGE_FAMILIES


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("m5.xlarge", "ml.m5.xlarge"),
        ("ml.M5.Large", "ml.m5.large"),
        ("ml.m5.xlrage", "ml.m5.xlarge"),
        ("ml.c5.4xlarg", "ml.c5.4xlarge"),
    ],
)
def test_a_near_instance_type_is_suggested(written: str, first: str) -> None:
    assert near_instance_types(written)[0] == first


def test_for_a_size_that_a_family_lacks_its_other_sizes_are_suggested() -> None:
    assert {family(near) for near in near_instance_types("ml.g5.9xlarge")} == {"g5"}


def test_nothing_is_suggested_for_nonsense() -> None:
    assert near_instance_types("quantum") == []


def test_text_that_is_not_an_instance_type_has_no_family() -> None:
    assert family("m5.xlarge") == ""
