from __future__ import annotations

import botocore.session
import pytest
from ministack.core import responses  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.content_types import metadata_of


@pytest.mark.parametrize(
    "service", ["cloudformation", "events", "iam", "kms", "logs", "s3", "sqs", "stepfunctions"]
)
def test_the_metadata_of_a_service_is_that_of_botocore(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    assert metadata_of(service) == model.metadata


def test_a_service_without_a_model_has_no_metadata() -> None:
    assert metadata_of("no-such-service") is None


@pytest.mark.parametrize("service", sorted(responses._BOTOCORE_NAME))
def test_each_service_that_the_emulator_calls_differently_has_a_model(service: str) -> None:
    assert metadata_of(responses._BOTOCORE_NAME[service])
