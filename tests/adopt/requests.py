"""Hypothesis strategies for legal CreateTransformJob requests of every kind, made from the service's own limits."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from batch_transform.job.aws.limits import Choice, Flag, Limits, TagList, Text, TextMap, Whole
from batch_transform.job.request.request import place
from batch_transform.job.values.fields import FIELD_OF, LIMITS_OF_MEMBER, Path

_ANY_TEXT = st.text(max_size=60)
_ONE_LINE = st.text(
    st.characters(exclude_characters="\n\r\x85\u2028\u2029", exclude_categories=["Cs"]), max_size=40
)
_TAG_TEXT = st.text(
    st.characters(categories=["L", "Z", "N"], include_characters="_.:/=+-@"), min_size=1, max_size=40
)
_NOT_ALONE = {"DataProcessing", "DataCaptureConfig"}
_JOINABLE = [
    ("text/csv", "$[1:]", "$[0,-1]"),
    ("application/jsonlines", "$.features", "$['id','SageMakerOutput']"),
]


def _values(path: Path, shape: Limits) -> st.SearchStrategy[Any]:
    if isinstance(shape, Choice):
        return st.sampled_from(shape.values)
    if isinstance(shape, Whole):
        return st.integers(shape.least, shape.most or shape.documented_most or 10)
    if isinstance(shape, Flag):
        return st.booleans()
    if isinstance(shape, TextMap):
        names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,30}", fullmatch=True)
        return st.dictionaries(names, st.text(max_size=50), min_size=1, max_size=shape.most)
    if isinstance(shape, TagList):
        keys = _TAG_TEXT.filter(lambda key: not key.lower().startswith("aws:"))
        return st.dictionaries(keys, st.one_of(st.just(""), _TAG_TEXT), min_size=1, max_size=5).map(
            lambda tags: [{"Key": key, "Value": text} for key, text in tags.items()]
        )
    assert isinstance(shape, Text)
    return _texts(path, shape)


def _texts(path: Path, shape: Text) -> st.SearchStrategy[str]:
    if path[-1] in {"S3Uri", "S3OutputPath", "DestinationS3Uri"}:
        bucket = "in-bucket" if path[-1] == "S3Uri" else "out-bucket"
        return _ONE_LINE.map(lambda key: f"s3://{bucket}/{key}")
    if path[-1] in {"ContentType", "Accept"}:
        return st.one_of(st.just("text/csv"), _ONE_LINE)
    if path[-1] in {"InputFilter", "OutputFilter"}:
        return st.just("$")
    assert shape.pattern is not None
    return st.from_regex(shape.pattern, fullmatch=True).filter(
        lambda text: max(shape.shortest, 1) <= len(text) <= (shape.longest or 100)
    )


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Return a request with its name, everything that the API requires, and any optional members."""
    required = {
        ("TransformJobName",),
        ("ModelName",),
        ("TransformInput", "DataSource", "S3DataSource", "S3DataType"),
        ("TransformInput", "DataSource", "S3DataSource", "S3Uri"),
        ("TransformOutput", "S3OutputPath"),
        ("TransformResources", "InstanceType"),
        ("TransformResources", "InstanceCount"),
    }
    request: dict[str, Any] = {}
    captures = draw(st.booleans())
    for path, shape in LIMITS_OF_MEMBER.items():
        if path not in required and path not in FIELD_OF:
            continue
        if path[0] == "DataCaptureConfig" and not captures:
            continue
        if path in required or path[-1] == "DestinationS3Uri" or draw(st.booleans()):
            place(request, path, draw(_values(path, shape)))
    if draw(st.booleans()):
        _join(request, *draw(st.sampled_from(_JOINABLE)))
    if request.get("MaxConcurrentTransforms", 0) * request.get("MaxPayloadInMB", 6) > 100:
        request["MaxConcurrentTransforms"] = 1
    if "VolumeKmsKeyId" in request["TransformResources"]:
        request["TransformResources"]["InstanceType"] = "ml.m5.large"
    return request


def _join(request: dict[str, Any], content_type: str, input_filter: str, output_filter: str) -> None:
    request["TransformInput"] |= {"ContentType": content_type, "SplitType": "Line"}
    request["TransformOutput"] |= {"Accept": content_type, "AssembleWith": "Line"}
    request["DataProcessing"] = {
        "InputFilter": input_filter,
        "JoinSource": "Input",
        "OutputFilter": output_filter,
    }
