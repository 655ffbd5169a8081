from __future__ import annotations

from typing import Any

import pytest

VARIANT = {"VariantName": "all", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


@pytest.fixture
def served(lab: Any) -> str:
    """The name of an endpoint with one model, and of its configuration."""
    name = str(lab.name())
    configure(lab, name, lab.model())
    lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def configure(lab: Any, name: str, *models: str) -> None:
    variants = [VARIANT | {"VariantName": f"v{at}", "ModelName": model} for at, model in enumerate(models)]
    lab.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)


def test_a_configuration_is_described_as_it_was_created(lab: Any) -> None:
    name, model = lab.name(), lab.model()
    variants = [VARIANT | {"ModelName": model, "InitialVariantWeight": 0.5}]
    arn = lab.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=variants, Tags=[{"Key": "team", "Value": "a"}]
    )["EndpointConfigArn"]
    described = lab.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert (
        arn
        == described["EndpointConfigArn"]
        == f"arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/{name}"
    )
    assert described["ProductionVariants"] == variants
    assert "Tags" not in described
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_an_endpoint_is_in_service_at_once(lab: Any, served: str) -> None:
    lab.sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=served, WaiterConfig={"Delay": 1, "MaxAttempts": 1}
    )
    described = lab.sagemaker.describe_endpoint(EndpointName=served)
    assert described["EndpointArn"] == f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{served}"
    [variant] = described["ProductionVariants"]
    assert variant == {
        "VariantName": "v0",
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "CurrentInstanceCount": 1,
        "DesiredInstanceCount": 1,
    }


def test_an_update_serves_another_configuration(lab: Any, served: str) -> None:
    before = lab.sagemaker.describe_endpoint(EndpointName=served)
    other = lab.name()
    configure(lab, other, lab.model(), lab.model())
    lab.sagemaker.update_endpoint(EndpointName=served, EndpointConfigName=other)
    after = lab.sagemaker.describe_endpoint(EndpointName=served)
    assert after["EndpointConfigName"] == other
    assert [variant["VariantName"] for variant in after["ProductionVariants"]] == ["v0", "v1"]
    assert after["CreationTime"] == before["CreationTime"]
    assert after["LastModifiedTime"] > before["LastModifiedTime"]


def test_an_endpoint_outlives_its_configuration(lab: Any, served: str) -> None:
    lab.sagemaker.delete_endpoint_config(EndpointConfigName=served)
    assert lab.sagemaker.describe_endpoint(EndpointName=served)["EndpointConfigName"] == served
    lab.sagemaker.delete_endpoint(EndpointName=served)
    assert lab.refusal(lambda: lab.sagemaker.describe_endpoint(EndpointName=served)) == (
        "ValidationException",
        f'Could not find endpoint "arn:aws:sagemaker:us-east-1:000000000000:endpoint/{served}".',
    )


def test_fails_when_a_name_is_taken(lab: Any, served: str) -> None:
    _, message = lab.refusal(lambda: configure(lab, served, lab.model()))
    assert message.startswith('Cannot create already existing endpoint configuration "arn:')
    call = lab.sagemaker.create_endpoint
    _, message = lab.refusal(lambda: call(EndpointName=served, EndpointConfigName=served))
    assert message.startswith('Cannot create already existing endpoint "arn:')


def test_fails_when_a_model_or_a_configuration_does_not_exist(lab: Any, served: str) -> None:
    _, message = lab.refusal(lambda: configure(lab, lab.name(), "no-such-model"))
    assert message.startswith('Could not find model "arn:')
    for call in (lab.sagemaker.create_endpoint, lab.sagemaker.update_endpoint):
        name = served if call == lab.sagemaker.update_endpoint else lab.name()
        code, message = lab.refusal(lambda: call(EndpointName=name, EndpointConfigName="none"))  # noqa: B023  # called at once
        assert code == "ValidationException"
        assert message.startswith('Could not find endpoint configuration "arn:')


def test_fails_when_a_request_breaks_the_limits_of_the_api(lab: Any) -> None:
    variant = VARIANT | {"ModelName": lab.model(), "InstanceType": "ml.tiny"}
    call = lab.sagemaker.create_endpoint_config
    code, message = lab.refusal(lambda: call(EndpointConfigName="a_b", ProductionVariants=[variant]))
    assert code == "ValidationException"
    assert message.startswith("2 validation errors detected: ")
    assert "'productionVariants.1.member.instanceType'" in message
