from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import JobFileError
from batch_transform.job.files.job_file import load_job_file, load_job_files, read_job_files
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    ScheduleSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
)

SMALL = "name: demo\nmodel: {existing: demo-model}\n"

EVERY_FIELD = """\
name: churn-nightly
model:
  source: ../models/churn
  image: {framework: sklearn, version: 1.2-1}
  env: {OMP_NUM_THREADS: 1, RATE: 1.10, LEVEL: info, EMPTY: ""}
input:
  data: s3://bucket/in/
  data_type: S3Prefix
  content_type: text/csv
  compression_type: Gzip
  split_type: Line
  columns: [customer_id, tenure, "no"]
transform:
  instance_type: ml.m5.xlarge
  instance_count: 2
  strategy: MultiRecord
  max_payload: 6
  max_concurrent_transforms: 4
  env: {A: b}
  invocations_timeout_in_seconds: 60
  invocations_max_retries: 0
  max_runtime_in_seconds: 3600
data_processing:
  input_filter: $[1:]
  join_source: Input
  output_filter: $[0,-1]
output:
  path: s3://bucket/out/
  accept: text/csv
  assemble_with: Line
  columns: [prediction]
triggers:
  schedule: {cron: "0 2 * * ? *", timezone: Europe/Vienna, enabled: no}
tags: {team: churn, cost: 7}
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Return a folder for job files, next to a model with its code."""
    code = tmp_path / "models" / "churn" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").touch()
    folder = tmp_path / "jobs"
    folder.mkdir()
    return folder


def write(folder: Path, text: str | bytes, name: str = "job.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def codes(*paths: Path) -> list[tuple[str, int, int]]:
    return [(problem.code, problem.line, problem.column) for problem in read_job_files(paths).problems]


def test_every_field_is_read(jobs: Path) -> None:
    path = write(jobs, EVERY_FIELD)
    assert load_job_file(path) == JobSpec(
        name="churn-nightly",
        model=ModelSpec(
            source=jobs.parent / "models" / "churn",
            image=FrameworkImage("sklearn", "1.2-1"),
            env={"OMP_NUM_THREADS": "1", "RATE": "1.10", "LEVEL": "info", "EMPTY": ""},
        ),
        input=InputSpec(
            data="s3://bucket/in/",
            data_type="S3Prefix",
            content_type="text/csv",
            compression_type="Gzip",
            split_type="Line",
            columns=("customer_id", "tenure", "no"),
        ),
        transform=TransformSpec(
            instance_type=("ml.m5.xlarge",),
            instance_count=2,
            strategy="MultiRecord",
            max_payload=6,
            max_concurrent_transforms=4,
            env={"A": "b"},
            invocations_timeout_in_seconds=60,
            invocations_max_retries=0,
            max_runtime_in_seconds=3600,
        ),
        data_processing=DataProcessingSpec(
            input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"
        ),
        output=OutputSpec(
            path="s3://bucket/out/", accept="text/csv", assemble_with="Line", columns=("prediction",)
        ),
        triggers=TriggersSpec(
            schedule=(ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna", enabled=False),)
        ),
        tags={"team": "churn", "cost": "7"},
        job_file=str(path),
    )


def test_fields_that_are_left_out_have_the_defaults_of_aws(jobs: Path) -> None:
    path = write(jobs, SMALL)
    assert load_job_file(path) == JobSpec("demo", ModelSpec(existing="demo-model"), job_file=str(path))


def test_a_field_without_a_value_is_left_out(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}input:\noutput: ~\ntransform: {{strategy: , max_payload: null}}\n")
    assert load_job_file(path) == JobSpec("demo", ModelSpec(existing="demo-model"), job_file=str(path))


def test_none_is_read_as_a_word_and_not_as_null(jobs: Path) -> None:
    assert load_job_file(write(jobs, f"{SMALL}input: {{split_type: None}}\n")).input.split_type == "None"


def test_an_image_may_be_a_uri(jobs: Path) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1"
    text = f"name: demo\nmodel: {{artifact: s3://bucket/m.tar.gz, image: {image}}}\n"
    assert load_job_file(write(jobs, text)).model.image == image


def test_a_model_folder_for_a_custom_image_needs_no_inference_script(jobs: Path) -> None:
    text = "name: demo\nmodel: {source: ., image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1}\n"
    assert load_job_file(write(jobs, text)).model.source == jobs


def test_fails_for_a_source_that_is_a_file(jobs: Path) -> None:
    text = (
        "name: demo\nmodel: {source: job.yaml, image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1}\n"
    )
    (problem,) = read_job_files([write(jobs, text)]).problems
    assert problem.message.startswith("'job.yaml' is not a folder")


def test_the_source_is_relative_to_the_job_file_and_not_to_the_working_folder(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(jobs, EVERY_FIELD)
    monkeypatch.chdir(jobs.parent)
    assert load_job_file("jobs/job.yaml").model.source == jobs.parent / "models" / "churn"
    assert load_job_file("jobs/job.yaml").job_file == "jobs/job.yaml"


def test_anchors_work(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}input: {{content_type: &csv text/csv}}\noutput: {{accept: *csv}}\n")
    assert load_job_file(path).output.accept == "text/csv"


def test_fields_next_to_a_merge_override_it(jobs: Path) -> None:
    merge = "transform:\n  <<: [{max_payload: 1, strategy: SingleRecord}]\n  max_payload: 2\n"
    path = write(jobs, f"{SMALL}{merge}input: {{split_type: Line}}\n")
    assert load_job_file(path).transform == TransformSpec(strategy="SingleRecord", max_payload=2)


def test_aliases_of_aliases_do_not_grow(jobs: Path) -> None:
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(40))
    assert {code for code, _, _ in codes(write(jobs, SMALL + lists))} == {"unknown-field"}


def test_keys_that_yaml_reads_as_booleans_are_names(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}triggers:\n  on: upload\n")
    (problem,) = read_job_files([path]).problems
    assert (problem.code, problem.field) == ("unknown-field", "triggers.on")


def test_line_endings_and_byte_order_marks_do_not_matter(jobs: Path) -> None:
    path = write(jobs, b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode() + b"tags: 3\r\n")
    assert codes(path) == [("wrong-type", 3, 7)]


def test_fails_for_text_that_is_not_utf_8(jobs: Path) -> None:
    assert codes(write(jobs, b"name: demo\nmodel: caf\xe9\n")) == [("not-utf-8", 2, 11)]


def test_fails_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert codes(tmp_path / "nowhere.yaml") == [("file-not-found", 1, 1)]


def test_fails_for_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert codes(tmp_path) == [("file-unreadable", 1, 1)]


def test_fails_for_two_jobs_with_the_same_name_and_names_the_other_file(jobs: Path) -> None:
    first, second = write(jobs, SMALL, "a.yaml"), write(jobs, SMALL, "b.yaml")
    (problem,) = read_job_files([first, second]).problems
    assert (problem.code, problem.path) == ("name-duplicate", str(second))
    assert "a.yaml" in problem.message


@pytest.mark.parametrize(("first", "second"), [("twin", "Twin"), ("twin-a", "twinA")])
def test_fails_for_two_names_that_would_share_a_stack_output(jobs: Path, first: str, second: str) -> None:
    paths = [
        write(jobs, SMALL.replace("demo", name, 1), f"{at}.yaml") for at, name in enumerate((first, second))
    ]
    (problem,) = read_job_files(paths).problems
    assert (problem.code, problem.path) == ("name-duplicate", str(paths[1]))
    assert (problem.line, problem.column) == (1, 7)
    assert f"'{second}' and '{first}', the job in {paths[0]}, differ only in hyphens" in problem.message


def test_a_long_value_that_does_not_match_its_yaml_tag_is_shortened(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}transform: {{max_payload: !!int {'x' * 5000}}}\n")
    (problem,) = read_job_files([path]).problems
    assert problem.code == "yaml-value"
    assert len(problem.message) < 200


def test_fails_with_all_problems_of_all_files_in_the_order_of_their_lines(jobs: Path) -> None:
    bad = f"{SMALL}output: {{assemble_with: line}}\ninput: {{split: Line}}\ntransform: {{max_payload: 101}}\n"
    paths = [
        write(jobs, bad, "a.yaml"),
        write(jobs, SMALL.replace("demo", "x"), "b.yaml"),
        write(jobs, "", "c.yaml"),
    ]
    with pytest.raises(JobFileError) as caught:
        load_job_files(paths)
    found = [(Path(problem.path).name, problem.code, problem.line) for problem in caught.value.problems]
    assert found == [
        ("a.yaml", "assemble-with-unknown", 3),
        ("a.yaml", "unknown-field", 4),
        ("a.yaml", "max-payload-too-large", 5),
        ("c.yaml", "file-empty", 1),
    ]
    assert str(caught.value).splitlines()[0].startswith(f"{paths[0]}:3:25: error assemble-with-unknown: ")


def test_a_warning_does_not_stop(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}transform: {{strategy: SingleRecord}}\n")
    assert load_job_file(path).transform.strategy == "SingleRecord"
    assert [problem.severity for problem in read_job_files([path]).problems] == ["warning"]


def test_a_misspelled_field_is_reported_once_and_not_also_as_missing(jobs: Path) -> None:
    """Without the placeholder, the rules of the join would report that split_type must be Line."""
    text = (
        f"{SMALL}input: {{content_type: text/csv, split_typ: Line}}\n"
        "output: {accept: text/csv, assemble_with: Line}\ndata_processing: {join_source: Input}\n"
    )
    assert [code for code, _, _ in codes(write(jobs, text))] == ["unknown-field"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (f"{SMALL}input: {{split_typ: Line}}\n", "did you mean split_type?"),
        (f"{SMALL}inputs: {{split_type: Line}}\n", "did you mean input?"),
        (f"{SMALL}input: {{accept: text/csv}}\n", "did you mean output.accept?"),
        (f"{SMALL}join_source: Input\n", "did you mean data_processing.join_source?"),
        (f"{SMALL}output: {{output_path: s3://bucket/out/}}\n", "did you mean path?"),
        (f"{SMALL}output_kms_key: alias/a\n", "did you mean output.kms_key?"),
        ("name: demo\nmodel: {existing: m, vpc: {}}\n", "did you mean vpc_config?"),
        (f"{SMALL}MaxPayloadInMB: 6\n", "the API's MaxPayloadInMB is transform.max_payload"),
        (
            f"{SMALL}zzz: 6\n",
            "allowed at the top are name, model, input, transform, data_processing, output, ",
        ),
    ],
)
def test_for_an_unknown_field_the_intended_one_is_suggested(text: str, hint: str, jobs: Path) -> None:
    (problem,) = read_job_files([write(jobs, text)]).problems
    assert hint in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: demo\nmodel: churn-v7\n", "write model: {existing: churn-v7}"),
        ("name: demo\nmodel: s3://bucket/m.tar.gz\n", "write model: {artifact: s3://bucket/m.tar.gz}"),
        ("name: demo\nmodel: ../models/churn\n", "write model: {source: ../models/churn}"),
        (f"{SMALL}tags: [{{Key: team, Value: data}}]\n", "write tags: {team: data}"),
        (f"{SMALL}TransformInput: {{a: b}}\n", "the API's TransformInput is input in a job file; "),
        (f"{SMALL}TransformOutput: {{a: b}}\n", "the API's TransformOutput is output in a job file; "),
        (
            f"{SMALL}TransformResources: {{a: b}}\n",
            "the API's TransformResources is transform in a job file; ",
        ),
        (f"{SMALL}DataProcessing: {{a: b}}\n", "the API's DataProcessing is data_processing in a job file; "),
    ],
)
def test_for_names_of_the_api_those_of_the_job_file_are_suggested(
    jobs: Path, text: str, message: str
) -> None:
    (problem,) = read_job_files([write(jobs, text)]).problems
    assert message in problem.message


def test_missing_types_are_reported_at_the_join_that_requires_them(jobs: Path) -> None:
    path = write(jobs, f"{SMALL}data_processing:\n  join_source: Input\n")
    assert codes(path) == [("join-needs-content-type", 4, 16), ("join-needs-accept", 4, 16)]


def test_a_folder_that_does_not_exist_is_reported_with_a_fix(jobs: Path) -> None:
    text = "name: demo\nmodel: {source: ../build/x, image: {framework: sklearn, version: 1.2-1}}\n"
    (problem,) = read_job_files([write(jobs, text)]).problems
    assert problem.message.endswith("; create the folder, or correct the path")


def test_a_single_value_and_a_list_both_become_a_tuple(jobs: Path) -> None:
    one = load_job_file(write(jobs, f"{SMALL}transform: {{instance_type: ml.m5.large}}\n"))
    many = load_job_file(write(jobs, f"{SMALL}transform: {{instance_type: [ml.m5.xlarge, ml.c5.xlarge]}}\n"))
    assert (one.transform.instance_type, many.transform.instance_type) == (
        ("ml.m5.large",),
        ("ml.m5.xlarge", "ml.c5.xlarge"),
    )


def test_several_schedules_are_read_with_their_dates_and_inputs(jobs: Path) -> None:
    text = """\
triggers:
  schedule:
    - {name: nightly, cron: "0 2 * * ? *", start_date: 2030-01-01T00:00:00Z, end_date: "2031-01-01T00:00:00Z"}
    - name: hourly
      rate: 1 hour
      maximum_window_in_minutes: 10
      input: {transform: {max_payload: 7, env: {A: 1}}, input.split_type: Line}
"""
    declared = "transform: {max_payload: 6, env: {A: b}}\n"
    assert load_job_file(write(jobs, f"{SMALL}{declared}{text}")).triggers.schedule == (
        ScheduleSpec(
            name="nightly",
            cron="0 2 * * ? *",
            start_date="2030-01-01T00:00:00Z",
            end_date="2031-01-01T00:00:00Z",
        ),
        ScheduleSpec(
            name="hourly",
            rate="1 hour",
            maximum_window_in_minutes=10,
            input={"transform": {"max_payload": 7, "env": {"A": 1}}, "input.split_type": "Line"},
        ),
    )


@pytest.mark.parametrize(
    ("written", "upload"),
    [
        ("true", UploadSpec()),
        ("false", None),
        ("", None),
        ("{suffix: .csv}", UploadSpec(suffix=".csv")),
    ],
)
def test_on_upload_accepts_true_or_a_mapping(written: str, upload: UploadSpec | None, jobs: Path) -> None:
    job = load_job_file(write(jobs, f"{SMALL}triggers: {{on_upload: {written}}}\n"))
    assert job.triggers.on_upload == upload


@pytest.mark.parametrize("given", ["2026-12-01", '"2026-12-01t00:00:00z"', '"20261201T000000Z"'])
def test_for_another_form_of_a_date_the_right_form_is_suggested(given: str, jobs: Path) -> None:
    schedule = f"schedule: {{rate: 1 hour, start_date: {given}, end_date: 2026-12-01T02:00:00+02:00}}"
    files = read_job_files([write(jobs, f"{SMALL}triggers: {{{schedule}}}\n")])
    assert [problem.message.rpartition("write ")[2] for problem in files.problems] == [
        "2026-12-01T00:00:00Z",
        "2026-12-01T00:00:00Z",
    ]


@pytest.mark.parametrize("name", ["smallest", "fullest"])
def test_the_jobs_that_other_tests_deploy_have_no_problems(name: str) -> None:
    files = read_job_files([Path(__file__).parents[2] / f"jobs/{name}.yaml"])
    assert files.problems == ()
    assert [job.name for job in files.jobs] == [name]
