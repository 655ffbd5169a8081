"""The settings that a transform job runs with.

Precedence: the request, then the container's GET /execution-parameters, then SageMaker's own
defaults (SageMaker Developer Guide, "How Containers Serve Batch Transform Requests"; the defaults
are those in the data logs of jobs that set neither).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.errors import InvalidS3UriError, TransformSettingsError
from batch_transform.job.values.s3_uri import S3Uri

MIB = 1024 * 1024  # the "MB" of MaxPayloadInMB; whether it is 10^6 is not documented

_DEFAULTS = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": "MULTI_RECORD"}
# The API's words and the container contract's words for the same two strategies.
_STRATEGIES = {
    "MultiRecord": "MULTI_RECORD",
    "SingleRecord": "SINGLE_RECORD",
    "MULTI_RECORD": "MULTI_RECORD",
    "SINGLE_RECORD": "SINGLE_RECORD",
}
_FORMATS = {"text/csv": "CSV", "application/json": "JSON", "application/jsonlines": "JSON"}


@dataclass(frozen=True)
class Settings:
    """The settings of a transform job, complete and valid.

    `record_format` and `answer_format` are "CSV" or "JSON" if a filter or a join has to parse records or answers, and
    None if bytes pass unchanged.
    `timeout` is in seconds for one request; `max_payload` is the largest request body in bytes, newlines
    counted, and 0 if it is streamed, whatever its size. `capture` is where the manifests of
    DataCaptureConfig go, None for none.
    """

    source: S3Uri
    is_manifest: bool
    output: S3Uri
    content_type: str | None
    accept: str | None
    is_gzip: bool
    split_type: str
    assemble_lines: bool
    single_record: bool
    max_payload: int
    max_concurrent_transforms: int
    timeout: float
    max_retries: int
    input_filter: str
    output_filter: str
    join: bool
    record_format: str | None
    answer_format: str | None
    capture: S3Uri | None = None
    generate_inference_id: bool = False

    @property
    def split_lines(self) -> bool:
        """Whether a record is a line."""
        return self.split_type == "Line"

    @property
    def looks_into_records(self) -> bool:
        """Whether records have to be split or parsed."""
        return self.split_lines or self.record_format is not None

    @property
    def answers_by_line(self) -> bool:
        """Whether each record should get one line of answer: the object is split, and answers are text.

        SageMaker itself requires it only for a join.
        """
        media_type = (self.accept or self.content_type or "").partition(";")[0].strip().lower()
        if not media_type:
            return self.split_lines
        is_text = media_type.startswith("text/") or any(word in media_type for word in ("json", "csv"))
        return self.split_type != "None" and is_text

    @property
    def is_framed(self) -> bool:
        """Whether a record has a binary frame."""
        return self.split_type in ("RecordIO", "TFRecord")

    @property
    def is_streamed(self) -> bool:
        """Whether the whole object is one request body without a limit."""
        return not self.max_payload and not (self.single_record and self.split_type != "None")

    def __str__(self) -> str:
        """The first line of SageMaker's data log."""
        strategy = "SINGLE_RECORD" if self.single_record else "MULTI_RECORD"
        return (
            f"MaxConcurrentTransforms={self.max_concurrent_transforms},"
            f" MaxPayloadInMB={self.max_payload // MIB}, BatchStrategy={strategy}"
        )


def effective_settings(request: Mapping[str, Any], execution_parameters: Mapping[str, Any]) -> Settings:
    """Return the settings of a CreateTransformJob request and a container.

    A member that is absent, None or (for MaxConcurrentTransforms) 0 counts as not given. Raises
    TransformSettingsError for settings that contradict each other, and for those that this engine doesn't support.
    """
    data_input, output = _structure(request, "TransformInput"), _structure(request, "TransformOutput")
    source = _structure(_structure(data_input, "DataSource"), "S3DataSource")
    processing = _structure(request, "DataProcessing")
    client = _structure(request, "ModelClientConfig")
    split_type = _choice(data_input, "SplitType", ("None", "Line", "RecordIO", "TFRecord"))
    join = _choice(processing, "JoinSource", ("None", "Input")) == "Input"
    content_type, accept = data_input.get("ContentType") or None, output.get("Accept") or None
    input_filter, output_filter = (_given(processing, name, "$") for name in ("InputFilter", "OutputFilter"))
    _refuse_filters_of_frames(split_type, join, input_filter)
    capture = _structure(request, "DataCaptureConfig")
    generate_inference_id = bool(capture.get("GenerateInferenceId"))
    record_format = _format(content_type, "ContentType") if join or input_filter != "$" else None
    # A rule of the job file requires equal types for a join; recorded jobs without Accept joined as well.
    looks_into_answers = join or output_filter != "$" or generate_inference_id
    answer_format = _format(accept or content_type, "Accept") if looks_into_answers else None
    if join and record_format != answer_format:
        raise TransformSettingsError(
            f"JoinSource Input needs the same format for input and answer, but ContentType is {content_type!r} and"
            f" Accept is {accept!r}; set both to the same type"
        )
    data_type = _choice(source, "S3DataType", ("S3Prefix", "ManifestFile"))
    return Settings(
        source=_s3_uri(source, "S3Uri"),
        is_manifest=data_type == "ManifestFile",
        output=_s3_uri(output, "S3OutputPath"),
        content_type=content_type,
        accept=accept,
        is_gzip=_choice(data_input, "CompressionType", ("None", "Gzip")) == "Gzip",
        split_type=split_type,
        assemble_lines=_choice(output, "AssembleWith", ("None", "Line")) == "Line",
        single_record=_strategy(request, execution_parameters) == "SINGLE_RECORD",
        max_payload=_max_payload(request, execution_parameters) * MIB,
        max_concurrent_transforms=_max_concurrent_transforms(request, execution_parameters),
        timeout=float(_given(client, "InvocationsTimeoutInSeconds", 600)),
        max_retries=int(_given(client, "InvocationsMaxRetries", 3)),
        input_filter=input_filter,
        output_filter=output_filter,
        join=join,
        record_format=record_format,
        answer_format=answer_format,
        capture=_s3_uri(capture, "DestinationS3Uri") if capture else None,
        generate_inference_id=generate_inference_id,
    )


def _structure(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parent.get(name) or {}
    return found


def _given(structure: Mapping[str, Any], name: str, default: Any) -> Any:  # noqa: ANN401 - a JSON request
    value = structure.get(name)
    return default if value is None else value


def _choice(structure: Mapping[str, Any], name: str, supported: tuple[str, ...]) -> str:
    """Return the value; the first of `supported` is the API's default."""
    value = _given(structure, name, supported[0])
    if value in supported:
        return str(value)
    raise TransformSettingsError(f"{name} {value!r} is not allowed; use one of {', '.join(supported)}")


def _refuse_filters_of_frames(split_type: str, join: bool, input_filter: str) -> None:
    if split_type in ("RecordIO", "TFRecord") and (join or input_filter != "$"):
        raise TransformSettingsError(
            f"InputFilter and JoinSource need CSV or JSON, and SplitType {split_type} gives binary records;"
            " leave them out, or set SplitType Line"
        )


def _format(content_type: str | None, member: str) -> str:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type not in _FORMATS:
        raise TransformSettingsError(
            f"filters, JoinSource and GenerateInferenceId need {member} to be one of {', '.join(_FORMATS)};"
            f" it is {content_type!r}"
        )
    return _FORMATS[media_type]


def _s3_uri(structure: Mapping[str, Any], name: str) -> S3Uri:
    try:
        return S3Uri.parse(str(structure.get(name)))
    except InvalidS3UriError as error:
        raise TransformSettingsError(f"{name}: {error}") from error


def _strategy(request: Mapping[str, Any], execution_parameters: Mapping[str, Any]) -> str:
    value, whose = _first_given("BatchStrategy", request, execution_parameters)
    if not isinstance(value, str) or value not in _STRATEGIES:
        raise _impossible("BatchStrategy", value, whose, "MultiRecord or SingleRecord")
    return _STRATEGIES[value]


def _max_payload(request: Mapping[str, Any], execution_parameters: Mapping[str, Any]) -> int:
    value, whose = _first_given("MaxPayloadInMB", request, execution_parameters)
    return 0 if type(value) is int and value == 0 else _count("MaxPayloadInMB", value, whose)


def _max_concurrent_transforms(request: Mapping[str, Any], execution_parameters: Mapping[str, Any]) -> int:
    # "If MaxConcurrentTransforms is set to 0 or left unset, SageMaker checks the optional execution-parameters"
    value, whose = _first_given("MaxConcurrentTransforms", request, execution_parameters, not_given=(None, 0))
    return _count("MaxConcurrentTransforms", value, whose)


def _first_given(
    name: str,
    request: Mapping[str, Any],
    execution_parameters: Mapping[str, Any],
    *,
    not_given: tuple[int | None, ...] = (None,),
) -> tuple[Any, str]:
    for where, whose in (
        (request, "the request"),
        (execution_parameters, "the model's /execution-parameters"),
    ):
        if where.get(name) not in not_given:
            return where[name], whose
    return _DEFAULTS[name], "the defaults"


def _count(name: str, value: object, whose: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _impossible(name, value, whose, "a whole number, 1 or more")
    return value


def _impossible(name: str, value: object, whose: str, allowed: str) -> TransformSettingsError:
    return TransformSettingsError(f"{name} {value!r} in {whose} is not allowed; use {allowed}")
