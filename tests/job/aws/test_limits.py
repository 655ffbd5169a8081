from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from batch_transform.job.aws import limits
from batch_transform.job.values.fields import LIMITS_OF_MEMBER, REQUIRED, REQUIRED_TOGETHER, Path


def _service_shape(operation: str) -> StructureShape:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def _leaves(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from _leaves(member, (*path, name))
    else:
        yield path, shape


LEAVES = dict(_leaves(_service_shape("CreateTransformJob")))


def test_every_member_of_the_service_model_has_a_shape() -> None:
    assert set(LIMITS_OF_MEMBER) == set(LEAVES)


@pytest.mark.parametrize("path", LIMITS_OF_MEMBER, ids=".".join)
def test_each_shape_agrees_with_the_service_model(path: Path) -> None:
    _compare(LIMITS_OF_MEMBER[path], LEAVES[path])


def _compare(ours: limits.Limits, theirs: Shape) -> None:
    said = theirs.metadata
    if isinstance(ours, limits.Choice):
        assert set(ours.values) | set(ours.unfit) == set(said["enum"])
    elif isinstance(ours, limits.Text):
        assert theirs.type_name == "string"
        assert (ours.shortest, ours.longest) == (said.get("min", 0), said.get("max"))
        # Some patterns are left out: those that match everything, and that of tags (see rules.limits).
        assert ours.pattern in {said.get("pattern"), None}
        assert ours.pattern is not None or said.get("pattern") in {None, r"[\S\s]*", TAG_PATTERN}
        assert ours.pattern is None or ours.in_words
    elif isinstance(ours, limits.Whole):
        assert theirs.type_name == "integer"
        assert (ours.least, ours.most) == (said["min"], said.get("max"))
    elif isinstance(ours, limits.Flag):
        assert theirs.type_name == "boolean"
    elif isinstance(ours, limits.TextMap):
        assert isinstance(theirs, MapShape)
        assert ours.most == said["max"]
        _compare(ours.key, theirs.key)
        _compare(ours.value, theirs.value)
    else:
        assert isinstance(ours, limits.TagList)  # no member of the request is an amount
        assert isinstance(theirs, ListShape)
        assert isinstance(theirs.member, StructureShape)
        assert ours.most == said["max"]
        _compare(ours.key, theirs.member.members["Key"])
        _compare(ours.value, theirs.member.members["Value"])


TAG_PATTERN = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"


def test_the_required_members_are_those_of_the_service_model() -> None:
    required = set(_required(_service_shape("CreateTransformJob"), ()))
    assert required == {("TransformJobName",), *REQUIRED}


def _required(shape: Shape, path: Path) -> Iterator[Path]:
    if not isinstance(shape, StructureShape):
        yield path
        return
    for name in shape.required_members:
        yield from _required(shape.members[name], (*path, name))


def test_the_required_members_of_a_structure_are_those_of_the_service_model() -> None:
    top = _service_shape("CreateTransformJob")
    optional = [name for name in top.members if name not in top.required_members]
    together = {path for name in optional for path in _required_inside(top.members[name], (name,))}
    assert together == set(REQUIRED_TOGETHER)


def _required_inside(shape: Shape, path: Path) -> Iterator[Path]:
    return _required(shape, path) if isinstance(shape, StructureShape) else iter(())


def test_the_environment_and_image_of_a_model_are_limited_as_in_the_service_model() -> None:
    container = _service_shape("CreateModel").members["PrimaryContainer"]
    assert isinstance(container, StructureShape)
    _compare(limits.MODEL_ENVIRONMENT, container.members["Environment"])
    _compare(limits.IMAGE_URI, container.members["Image"])
    model = _service_shape("CreateModel").members
    _compare(limits.ROLE_ARN, model["ExecutionRoleArn"])
    assert model["Containers"].metadata["max"] == limits.MOST_CONTAINERS
    assert isinstance(model["VpcConfig"], StructureShape)
    for name, most in (
        ("Subnets", limits.MOST_SUBNETS),
        ("SecurityGroupIds", limits.MOST_SECURITY_GROUPS),
    ):
        ids = model["VpcConfig"].members[name]
        assert isinstance(ids, ListShape)
        assert (ids.metadata["min"], ids.metadata["max"]) == (1, most)
        _compare(limits.NETWORK_ID, ids.member)
    _compare(limits.MODEL_NAME, _service_shape("CreateModel").members["ModelName"])


def test_members_that_a_run_looks_up_are_named_as_in_the_service_model() -> None:
    _compare(limits.ENDPOINT_NAME, _service_shape("DescribeEndpoint").members["EndpointName"])
    _compare(limits.PACKAGE_GROUP, _service_shape("ListModelPackages").members["ModelPackageGroupName"])
