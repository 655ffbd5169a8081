"""How AWS's framework containers start: which code they load, and from where.

Read in the containers' own code: aws/sagemaker-containers (`_env.py`, `_files.py`, `_modules.py`, `_server.py`),
aws/sagemaker-scikit-learn-container and aws/sagemaker-xgboost-container (`serving.py`),
aws/sagemaker-pytorch-inference-toolkit (`torchserve.py`), aws/sagemaker-inference-toolkit (`environment.py`,
`model_server.py`) and aws/sagemaker-huggingface-inference-toolkit (`mms_model_server.py`).

| image | code | `SAGEMAKER_SUBMIT_DIRECTORY` | `SAGEMAKER_PROGRAM` unset |
|---|---|---|---|
| scikit-learn | a copy in /opt/ml/code | a folder, or an archive that it downloads from S3; unset: no code | fails |
| XGBoost | the same | the same | loads the booster by itself ("algorithm mode") |
| PyTorch, Hugging Face, MXNet | /opt/ml/model/code | ignored | `inference.py` |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from batch_transform.job.model.framework_images import frameworks, repository
from batch_transform.job.values.job_spec import ContainerSpec, FrameworkImage, JobSpec, ModelSpec

PROGRAM = "SAGEMAKER_PROGRAM"
"""The script in the code folder: `inference.py`, or the name of a module."""

SUBMIT_DIRECTORY = "SAGEMAKER_SUBMIT_DIRECTORY"
"""Where the code folder is: in the container, or an archive in S3."""

TIMEOUT = "SAGEMAKER_MODEL_SERVER_TIMEOUT"
TS_TIMEOUT = "TS_DEFAULT_RESPONSE_TIMEOUT"
LOG_LEVEL = "SAGEMAKER_CONTAINER_LOG_LEVEL"
"""A log level of Python's `logging`; the SageMaker SDK sets it to 20. PyTorch's container doesn't read it."""

DEFAULT_ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
"""The type of an answer to a request without Accept; JSON unless set."""

DEFAULT_PROGRAM = "inference.py"
MODEL_FOLDER = "/opt/ml/model"
CODE_IN_ARCHIVE = f"{MODEL_FOLDER}/code"

ECR_IMAGE = re.compile(r"\d{12}\.dkr[.-]ecr[.-][a-z0-9.-]+/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@.*)?")

_TITLES = {"sklearn": "scikit-learn", "xgboost": "XGBoost", "pytorch": "PyTorch"}
# Images that a job file cannot name by framework, but whose start is known. The Neuron variants start the same way.
_OTHERS = {
    "huggingface": (re.compile(r"huggingface-(pytorch|tensorflow)-inference(-neuronx?)?"), "Hugging Face"),
    "pytorch": (re.compile(r"pytorch-inference(-[a-z0-9-]+)?"), "PyTorch"),
    "mxnet": (re.compile(r"mxnet-inference(-[a-z0-9-]+)?"), "MXNet"),
}


@dataclass(frozen=True)
class ServerLimit:
    """A limit of the container's own server, and the variable that sets it; `is_given` if the job sets it.

    `most` is the highest value that takes effect, None if there is no maximum.
    """

    value: int
    variable: str
    is_given: bool
    most: int | None = None


@dataclass(frozen=True)
class FrameworkContainer:
    """A container whose start is known. `tag` is the image's tag or its version in the job file, `title` its name."""

    framework: str
    title: str
    tag: str

    @property
    def fetches_code(self) -> bool:
        """Whether it loads its code from SAGEMAKER_SUBMIT_DIRECTORY instead of the model archive's `code`."""
        return self.framework in {"sklearn", "xgboost"}

    def is_algorithm_mode(self, env: Mapping[str, str]) -> bool:
        """Whether XGBoost's container loads the booster without a script, with this whole environment."""
        return self.framework == "xgboost" and PROGRAM not in env

    def reads_accept(self, env: Mapping[str, str]) -> bool:
        """Whether XGBoost without a script answers 406 to an unknown Accept: images before 1.2-2 ignore it."""
        return self.is_algorithm_mode(env) and not self._is_before_1_2_2

    def response_timeout(self, env: Mapping[str, str]) -> ServerLimit:
        """Return how long the container's own server waits for the model's answer, in seconds.

        gunicorn's and nginx's timeout (sagemaker-containers `_server.py`), TorchServe's and MMS's response timeout
        (`torchserve.py`, `model_server.py`; seen in sagemaker-mxnet-inference-toolkit issue 77). Release 2.0.25 of the
        PyTorch toolkit (October 2024) writes SAGEMAKER_MODEL_SERVER_TIMEOUT at the end of another line of TorchServe's
        configuration (`default-ts.properties` has no last newline), so TorchServe's own default applies. Which images
        have that release is inferred from their dates: 2.5 and newer.
        """
        if self.framework == "pytorch" and any(name.startswith("SAGEMAKER_TS_") for name in env):
            return _limit(env, 60, "SAGEMAKER_TS_RESPONSE_TIMEOUT")
        if self.framework == "pytorch" and (TS_TIMEOUT in env or self._loses_timeout):
            return _limit(env, 120, TS_TIMEOUT)
        if self.framework in {"huggingface", "mxnet"}:
            return _limit(env, 60, TIMEOUT, f"{TIMEOUT}_SECONDS")
        return _limit(env, 60, TIMEOUT)

    def body_limit(self, env: Mapping[str, str]) -> ServerLimit | None:
        """Return the largest request body that the container's own server accepts, in bytes; None for no limit.

        XGBoost without a script: Flask's MAX_CONTENT_LENGTH (`algorithm_mode/serve.py`). PyTorch: TorchServe's
        max_request_size, and MMS's up to version 1.5, whose default is 6,553,500 (TorchServe documentation, "Advanced
        configuration"). nginx accepts any size (`nginx.conf.template`: client_max_body_size 0).
        """
        if self.is_algorithm_mode(env):
            limit = _limit(env, 6 * 1024**2, "MAX_CONTENT_LENGTH")
            if not self._is_before_1_2_2:
                return limit
            most = 20 * 1024**2
            return replace(limit, value=min(limit.value, most), most=most)
        if self.framework == "pytorch":
            return _limit(env, 6_553_500, "MMS_MAX_REQUEST_SIZE" if self._has_mms else "TS_MAX_REQUEST_SIZE")
        return None

    @property
    def whole_numbers(self) -> tuple[str, ...]:
        """The variables that the container reads as whole numbers when it starts."""
        if self.framework == "xgboost":
            return (TIMEOUT, LOG_LEVEL, "SAGEMAKER_MODEL_SERVER_WORKERS", "MAX_CONTENT_LENGTH")
        if self.framework == "sklearn":
            return (TIMEOUT, LOG_LEVEL, "SAGEMAKER_MODEL_SERVER_WORKERS")
        return (TIMEOUT,)

    @property
    def _is_before_1_2_2(self) -> bool:
        return re.match(r"0\.|1\.[01]\b|1\.2(-1\b|$)", self.tag) is not None

    @property
    def _loses_timeout(self) -> bool:
        found = re.match(r"(\d+)\.(\d+)", self.tag)
        return found is None or (int(found[1]), int(found[2])) >= (2, 5)

    @property
    def _has_mms(self) -> bool:
        return re.match(r"1\.[2-5]\b", self.tag) is not None


def _limit(env: Mapping[str, str], default: int, *variables: str) -> ServerLimit:
    """Return the limit that the last of the variables sets; a value that isn't a number is ignored."""
    limit = ServerLimit(default, variables[0], is_given=False)
    for variable in variables:
        if is_whole_number(env.get(variable, "")):
            limit = ServerLimit(int(env[variable]), variable, is_given=True)
    return limit


def is_whole_number(text: str) -> bool:
    """Say whether Python's `int` reads the text, as the containers do."""
    return re.fullmatch(r"\s*[+-]?\d+(_\d+)*\s*", text) is not None


def framework_container(image: FrameworkImage | str | None) -> FrameworkContainer | None:
    """Return what is known about an image's container; None for any other image."""
    if isinstance(image, FrameworkImage):
        if image.framework not in frameworks():
            return None
        return FrameworkContainer(image.framework, _TITLES[image.framework], image.version)
    found = ECR_IMAGE.fullmatch(image or "")
    if found is None:
        return None
    name, tag = found["repository"], found["tag"] or ""
    for framework in frameworks():
        if name == repository(framework):
            return FrameworkContainer(framework, _TITLES[framework], tag)
    for framework, (pattern, title) in _OTHERS.items():
        if pattern.fullmatch(name):
            return FrameworkContainer(framework, title, tag)
    return None


def start_variables(
    image: FrameworkImage | str, env: Mapping[str, str], *, from_source: bool, has_script: bool
) -> dict[str, str]:
    """Return the variables that a container needs, in addition to `env`, to find the code in its model archive.

    `env` overrides them. `from_source` says that the archive is packed from a folder, `has_script` that it holds
    code/inference.py. An unknown image gets them for a folder, as with the SageMaker SDK's `Model`.
    """
    variables = {PROGRAM: DEFAULT_PROGRAM, SUBMIT_DIRECTORY: CODE_IN_ARCHIVE}
    container = framework_container(image)
    if container is None or not container.fetches_code:
        return variables if from_source else {}
    if container.framework == "xgboost" and not env.get(PROGRAM) and not has_script:
        return {}  # algorithm mode: given the name of a script, it would import that script
    return variables


def code_in_s3(image: FrameworkImage | str, env: Mapping[str, str]) -> str | None:
    """Return the S3 URI of the code that the container downloads when it starts, or None.

    An unknown image may do so: aws/sagemaker-containers can be built into any image.
    """
    uri = env.get(SUBMIT_DIRECTORY, "")
    container = framework_container(image)
    if not uri.startswith("s3://") or (container is not None and not container.fetches_code):
        return None
    return uri


def place_in_model(container: FrameworkContainer, env: Mapping[str, str]) -> str | None:
    """Return the code folder as a path in the model archive, or None if the code is not in it.

    `env` is the container's whole environment, `start_variables` included.
    """
    if not container.fetches_code:
        return CODE_IN_ARCHIVE.removeprefix(f"{MODEL_FOLDER}/")
    place = env.get(SUBMIT_DIRECTORY, "").rstrip("/")
    if place == MODEL_FOLDER:
        return "."
    return place.removeprefix(f"{MODEL_FOLDER}/") if place.startswith(f"{MODEL_FOLDER}/") else None


def module_of(program: str) -> str:
    """Return the name that the containers import for a SAGEMAKER_PROGRAM."""
    return program.removesuffix(".py")


def whole_environment(
    spec: JobSpec, container: ModelSpec | ContainerSpec, *, has_script: bool
) -> dict[str, str]:
    """Return the container's environment: the variables that the template adds, the container's own, and the job's.

    Values that could not be read are left out.
    """
    given = {
        name: value
        for env in (container.env, spec.transform.env)
        if isinstance(env, Mapping)
        for name, value in env.items()
    }
    if container.image is None:
        return given
    start = start_variables(
        container.image, given, from_source=container.source is not None, has_script=has_script
    )
    return {**start, **given}
