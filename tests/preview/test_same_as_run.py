"""A preview and a run agree on any input: the same requests, the same bytes in the result, the same failure."""

from __future__ import annotations

import gzip
import io
import struct
from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_transform.engine.interfaces import Answer
from batch_transform.explain.shown_request import shown_request
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)
from batch_transform.preview.preview import preview
from batch_transform.preview.shown import Preview
from batch_transform.preview.source import Source
from engine.fake_world import BUCKET, FunctionModel, Ran, Reply, line_by_line, run_job

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"


@dataclass(frozen=True)
class JobSettings:
    """The settings of a job: its content types, how it splits and assembles, and its filters."""

    content_type: str = CSV
    split: str = "Line"
    assemble: str = "Line"
    strategy: str | None = "MultiRecord"
    join: str = "Input"
    input_filter: str = "$"
    output_filter: str = "$"
    compression: str = "None"
    max_payload: int | None = None

    @property
    def spec(self) -> JobSpec:
        return JobSpec(
            "demo",
            ModelSpec(existing="m"),
            input=InputSpec(
                f"s3://{BUCKET}/in/",
                content_type=self.content_type,
                split_type=self.split,
                compression_type=self.compression,
            ),
            transform=TransformSpec(
                strategy=self.strategy if self.split != "None" else None,
                max_payload=self.max_payload,
                invocations_max_retries=0,
            ),
            data_processing=DataProcessingSpec(
                input_filter=self.input_filter, join_source=self.join, output_filter=self.output_filter
            ),
            output=OutputSpec(f"s3://{BUCKET}/out", accept=self.content_type, assemble_with=self.assemble),
        )


JOBS = st.builds(
    JobSettings,
    content_type=st.sampled_from([CSV, JSON, JSON_LINES]),
    split=st.sampled_from(["Line", "Line", "None"]),
    assemble=st.sampled_from(["Line", "None"]),
    strategy=st.sampled_from(["MultiRecord", "SingleRecord", None]),
    join=st.sampled_from(["Input", "None"]),
    compression=st.sampled_from(["None", "None", "Gzip"]),
    max_payload=st.sampled_from([None, None, 0]),
).flatmap(
    lambda job: st.builds(
        replace,
        st.just(job),
        input_filter=st.sampled_from(
            ["$", "$", "$[0]", "$[1:]"] if job.content_type == CSV else ["$", "$", "$.a"]
        ),
        output_filter=st.sampled_from(
            ["$", "$", "$[0,-1]", "$[3]"] if job.content_type == CSV else ["$", "$", "$.SageMakerOutput"]
        ),
    )
)
PIECES = st.sampled_from(
    b'1|,|"|\n|\n|\r\n|a|\n\n|{"a":1}\n|{"a":9007199254740993,"b":2}|[1]|1,2\n|"x, y",2\n|"a ""b"""\n|\xff| |1,2'.split(
        b"|"
    )
)
DATA = st.one_of(
    st.lists(PIECES, max_size=12).map(b"".join),
    st.lists(PIECES, max_size=8).map(lambda pieces: b"\xef\xbb\xbf" + b"".join(pieces)),
)
ANSWERS: dict[str, Reply] = {
    "a line for each": line_by_line(lambda line: b"%d" % len(line)),
    "JSON for each": line_by_line(lambda line: b'{"score": 1.0}'),
    "one for all": lambda body: b'{"result":[0.9]}',
    "without a newline": lambda body: b"\n".join(b"7" for _ in body.removesuffix(b"\n").split(b"\n")),
    "empty": lambda body: b"",
    "a blank line": lambda body: b"\n",
    "refused": lambda body: Answer(400, b"line 77 of the server"),
    "broken": lambda body: Answer(
        500, b'Traceback (most recent call last):\n  File "x", line 9\nValueError: no\n'
    ),
    "refused sometimes": lambda body: (
        Answer(400, b"no") if b"2" in body else line_by_line(lambda line: b"1")(body)
    ),
}


def run_and_preview(job: JobSettings, data: bytes, reply: Reply) -> tuple[Ran, Preview]:
    stored = gzip.compress(data, mtime=0) if job.compression == "Gzip" else data
    return run_and_preview_of(job.spec, stored, reply)


def run_and_preview_of(spec: JobSpec, stored: bytes, reply: Reply) -> tuple[Ran, Preview]:
    request = shown_request(spec).request
    request["TransformOutput"]["S3OutputPath"] = f"s3://{BUCKET}/out"
    request["MaxConcurrentTransforms"] = 1
    ran = run_job({"x": stored}, reply, request)
    made = preview(
        spec,
        request,
        Source("x", len(stored), io.BytesIO(stored)),
        count=1000,
        check=None,
        invoker=FunctionModel(reply),
        execution_parameters={},
    )
    return ran, made


@given(job=JOBS, data=DATA, answer=st.sampled_from(sorted(ANSWERS)))
@example(job=JobSettings(), data=b'"tent, red"\n\n"mug ""big"""\n\n"rope"\n', answer="a line for each")
@example(job=JobSettings(JSON_LINES), data=b'{"a":1}\n\n{"a":2}\n', answer="a line for each")
@example(
    job=JobSettings(JSON, assemble="None", strategy="SingleRecord", join="None"),
    data=b'{"a":1}\n{"a":2}\n',
    answer="one for all",
)
@example(job=JobSettings(join="None"), data=b"0,1\n", answer="broken")
@example(job=JobSettings(join="None", input_filter="$[0]"), data=b"\n,", answer="JSON for each")
@example(job=JobSettings(join="None", split="None", assemble="None"), data=b"", answer="one for all")
@example(job=JobSettings(JSON, split="None", assemble="None"), data=b"", answer="one for all")
@settings(deadline=None, max_examples=400)  # the time of an example depends on how busy the machine is
def test_preview_and_run_agree(job: JobSettings, data: bytes, answer: str) -> None:
    ran, made = run_and_preview(job, data, ANSWERS[answer])
    assert made.is_complete or made.has_errors
    result = ran.out("x.out")
    assert made.result == result
    if result is not None:
        assert list(made.requests) == ran.model.bodies
        assert made.failure == ()
        assert all(one.sent is not None for one in made.shown)
        return
    assert made.has_errors
    log = [line.removeprefix(f"{BUCKET}/in/x: ") for line in ran.log[1:]]
    if made.failure:
        assert "; ".join(filter(None, log)) == "; ".join(
            line for text in made.failure for line in text.split("\n") if line
        )
    # the first error in the preview is at the record that failed
    assert ran.outcome.failure is not None
    if ran.outcome.failure.line is not None:
        assert ran.outcome.failure.line in {finding.line for finding in made.findings if finding.is_error}


FRAMED = JobSpec(
    "demo",
    ModelSpec(existing="m"),
    input=InputSpec(
        f"s3://{BUCKET}/in/", content_type="application/x-recordio-protobuf", split_type="RecordIO"
    ),
    output=OutputSpec(f"s3://{BUCKET}/out", accept="text/csv", assemble_with="Line"),
)


@given(
    records=st.lists(st.binary(max_size=6), max_size=5),
    rest=st.sampled_from([b"", b"", b"oops"]),
    strategy=st.sampled_from(["MultiRecord", "SingleRecord"]),
    answer=st.sampled_from([b"1", b"1\n2\n", b""]),
)
def test_preview_and_run_agree_on_binary_records(
    records: list[bytes], rest: bytes, strategy: str, answer: bytes
) -> None:
    data = b"".join(
        struct.pack("<II", 0xCED7230A, len(record)) + record + b"\0" * (-len(record) % 4)
        for record in records
    )
    spec = replace(FRAMED, transform=TransformSpec(strategy=strategy))
    ran, made = run_and_preview_of(spec, data + rest, lambda body: answer)
    assert made.result == ran.out("x.out")
    if made.result is not None:
        assert list(made.requests) == ran.model.bodies
    else:
        assert made.has_errors
