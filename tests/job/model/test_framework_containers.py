from __future__ import annotations

import pytest

from batch_transform.job.model.framework_containers import (
    FrameworkContainer,
    ServerLimit,
    code_in_s3,
    framework_container,
    is_whole_number,
    module_of,
    place_in_model,
    start_variables,
)
from batch_transform.job.values.job_spec import FrameworkImage

SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py"}


def container(framework: str, tag: str = "") -> FrameworkContainer:
    return FrameworkContainer(framework, framework, tag)


@pytest.mark.parametrize(
    ("framework", "tag", "env", "expected"),
    [
        ("xgboost", "1.7-1", {}, ServerLimit(6 * 1024**2, "MAX_CONTENT_LENGTH", is_given=False)),
        ("xgboost", "1.2-2", {}, ServerLimit(6 * 1024**2, "MAX_CONTENT_LENGTH", is_given=False)),
        ("xgboost", "1.2-10", {}, ServerLimit(6 * 1024**2, "MAX_CONTENT_LENGTH", is_given=False)),
        *(
            (
                "xgboost",
                tag,
                {},
                ServerLimit(6 * 1024**2, "MAX_CONTENT_LENGTH", is_given=False, most=20 * 1024**2),
            )
            for tag in ("1.2-1", "1.2-1-cpu-py3", "1.2", "1.0-1", "1.1-1", "0.90-2")
        ),
        (
            "xgboost",
            "1.2-1",
            {"MAX_CONTENT_LENGTH": "99999999"},
            ServerLimit(20 * 1024**2, "MAX_CONTENT_LENGTH", is_given=True, most=20 * 1024**2),
        ),
        (
            "xgboost",
            "1.7-1",
            {"MAX_CONTENT_LENGTH": "99999999"},
            ServerLimit(99_999_999, "MAX_CONTENT_LENGTH", is_given=True),
        ),
        ("xgboost", "1.7-1", SCRIPT, None),
        ("sklearn", "1.2-1", {}, None),
        ("huggingface", "4.26", {}, None),
        *(
            ("pytorch", tag, {}, ServerLimit(6_553_500, "MMS_MAX_REQUEST_SIZE", is_given=False))
            for tag in ("1.2", "1.5", "1.5.0", "1.5.0-cpu-py36")
        ),
        *(
            ("pytorch", tag, {}, ServerLimit(6_553_500, "TS_MAX_REQUEST_SIZE", is_given=False))
            for tag in ("1.6", "1.12.1", "2.5", "2.1.0-cpu-py310")
        ),
        (
            "pytorch",
            "2.6",
            {"TS_MAX_REQUEST_SIZE": "9"},
            ServerLimit(9, "TS_MAX_REQUEST_SIZE", is_given=True),
        ),
    ],
)
def test_a_server_accepts_bodies_up_to_a_limit_that_a_variable_sets(
    framework: str, tag: str, env: dict[str, str], expected: ServerLimit | None
) -> None:
    assert container(framework, tag).body_limit(env) == expected


TIMEOUT = "SAGEMAKER_MODEL_SERVER_TIMEOUT"


@pytest.mark.parametrize(
    ("framework", "tag", "env", "seconds", "variable"),
    [
        ("sklearn", "1.2-1", {}, 60, TIMEOUT),
        ("sklearn", "1.2-1", {TIMEOUT: "90", f"{TIMEOUT}_SECONDS": "95"}, 90, TIMEOUT),
        ("sklearn", "1.2-1", {TIMEOUT: "soon"}, 60, TIMEOUT),
        ("mxnet", "1.9", {TIMEOUT: "90", f"{TIMEOUT}_SECONDS": "95"}, 95, f"{TIMEOUT}_SECONDS"),
        ("huggingface", "4.26", {TIMEOUT: "90"}, 90, TIMEOUT),
        ("pytorch", "2.4", {TIMEOUT: "90"}, 90, TIMEOUT),
        ("pytorch", "2.4.0", {}, 60, TIMEOUT),
        ("pytorch", "2.5", {TIMEOUT: "90"}, 120, "TS_DEFAULT_RESPONSE_TIMEOUT"),
        ("pytorch", "3.0", {}, 120, "TS_DEFAULT_RESPONSE_TIMEOUT"),
        ("pytorch", "latest", {}, 120, "TS_DEFAULT_RESPONSE_TIMEOUT"),
        ("pytorch", "2.4", {"TS_DEFAULT_RESPONSE_TIMEOUT": "70"}, 70, "TS_DEFAULT_RESPONSE_TIMEOUT"),
        ("pytorch", "2.6", {"SAGEMAKER_TS_MAX_WORKERS": "1"}, 60, "SAGEMAKER_TS_RESPONSE_TIMEOUT"),
        ("xgboost", "1.7-1", {"SAGEMAKER_TS_MAX_WORKERS": "1"}, 60, TIMEOUT),
    ],
)
def test_a_server_waits_for_an_answer_up_to_a_limit_that_a_variable_sets(
    framework: str, tag: str, env: dict[str, str], seconds: int, variable: str
) -> None:
    limit = container(framework, tag).response_timeout(env)
    assert (limit.value, limit.variable, limit.is_given) == (
        seconds,
        variable,
        env.get(variable, "").isdigit(),
    )


def test_only_xgboost_without_a_script_reads_accept_and_its_first_images_ignore_it() -> None:
    assert container("xgboost", "1.7-1").reads_accept({})
    assert not container("xgboost", "1.2-1").reads_accept({})
    assert not container("xgboost", "1.7-1").reads_accept(SCRIPT)
    assert not container("sklearn", "1.2-1").reads_accept({})


@pytest.mark.parametrize("text", ["5", " -5 ", "+1_000", "007"])
def test_a_whole_number_is_what_python_reads_as_one(text: str) -> None:
    assert is_whole_number(text)
    assert isinstance(int(text), int)


@pytest.mark.parametrize("text", ["", "5.0", "1__0", "_1", "1_", "five", "5 s"])
def test_anything_else_is_no_whole_number(text: str) -> None:
    assert not is_whole_number(text)
    with pytest.raises(ValueError, match="invalid literal"):
        int(text)


def test_a_container_is_told_where_its_code_is_unless_it_can_do_without() -> None:
    sklearn, xgboost = FrameworkImage("sklearn", "1.2-1"), FrameworkImage("xgboost", "1.7-1")
    both = {**SCRIPT, "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    assert start_variables(sklearn, {}, from_source=False, has_script=False) == both
    assert start_variables(xgboost, {}, from_source=True, has_script=False) == {}
    assert start_variables(xgboost, {}, from_source=True, has_script=True) == both
    assert start_variables(xgboost, {"SAGEMAKER_PROGRAM": "a.py"}, from_source=True, has_script=False) == both
    for other in ("repo/own:1", FrameworkImage("pytorch", "2.6")):
        assert start_variables(other, {}, from_source=True, has_script=False) == both
        assert start_variables(other, {}, from_source=False, has_script=True) == {}


def test_only_a_container_that_fetches_code_may_have_it_in_s3_and_an_unknown_one_may() -> None:
    env = {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/sourcedir.tar.gz"}
    assert code_in_s3(FrameworkImage("sklearn", "1.2-1"), env) == "s3://bucket/sourcedir.tar.gz"
    assert code_in_s3("repo/own:1", env) == "s3://bucket/sourcedir.tar.gz"
    assert code_in_s3(FrameworkImage("pytorch", "2.6"), env) is None
    assert code_in_s3("repo/own:1", {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}) is None
    assert code_in_s3("repo/own:1", {}) is None


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/opt/ml/model", "."),
        ("/opt/ml/model/", "."),
        ("/opt/ml/model/src/", "src"),
        ("/opt/ml/models/src", None),
        ("s3://bucket/a.tar.gz", None),
        ("", None),
    ],
)
def test_the_code_folder_is_a_path_in_the_archive(place: str, expected: str | None) -> None:
    env = {"SAGEMAKER_SUBMIT_DIRECTORY": place}
    assert place_in_model(container("sklearn"), env) == expected
    assert place_in_model(container("pytorch"), env) == "code"


def test_a_script_is_imported_by_its_name() -> None:
    assert (module_of("inference.py"), module_of("inference")) == ("inference", "inference")


def test_an_image_of_no_framework_is_unknown() -> None:
    assert framework_container(None) is None
    assert framework_container("repo/own:1") is None
    assert framework_container(FrameworkImage("tensorflow", "2.1")) is None
