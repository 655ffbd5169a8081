"""Serves the job's own model on this machine during a preview."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_transform.engine.interfaces import Answer, ModelInvoker
from batch_transform.job.errors import InputError
from batch_transform.job.model.framework_containers import start_variables
from batch_transform.job.model.framework_images import image_uri
from batch_transform.job.model.source_folder import has_default_script
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec
from batch_transform.local.folders import temporary_folder
from batch_transform.local.model_server.archive import ModelArchives
from batch_transform.local.model_server.code_folder import CodeFolders
from batch_transform.local.model_server.container_start import ContainerStarts
from batch_transform.local.model_server.image import Images
from batch_transform.local.model_server.packages import Packages
from batch_transform.local.model_server.pool import ModelServers
from batch_transform.local.sagemaker.container import batch_variables, execution_parameters
from batch_transform.local.sagemaker.http_invoker import HttpInvoker

_REGION = "us-east-1"  # for an image's URI, of which only the framework matters here
_TRACEBACK = b"Traceback (most recent call last)"


@dataclass(frozen=True)
class LocalModel:
    """A model that answers, and its response to GET /execution-parameters."""

    invoker: ModelInvoker
    execution_parameters: Mapping[str, Any]


@contextmanager
def local_model(
    spec: JobSpec,
    request: Mapping[str, Any],
    s3: Callable[[], Any],
    images: Path | None,
    *,
    offline: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[LocalModel]:
    """Serve a job's model while the context is open.

    `s3` makes a boto3 S3 client, and is called only for a model or code in S3. `images` maps images to commands, and
    `offline` turns off package downloads, as in `local up`. `say` gets the lines that the container prints before it
    serves. Raises InputError for a model that is not available here, and TransformJobError if its server does not
    start.
    """
    model = spec.model
    if model.image is None or (model.source is None and model.artifact is None):
        raise InputError(
            "--model needs a job with model.source or model.artifact and an image, and this job has neither; pass "
            "the answer with --answer"
        )
    with temporary_folder() as folder:
        commands = Images(images)
        archives = ModelArchives(folder / "models")
        starts = ContainerStarts(commands, CodeFolders(folder / "code", archives), Packages(offline=offline))
        servers = ModelServers(commands, folder / "servers")
        stop = threading.Event()
        try:
            image = image_uri(model.image, _REGION, spec.transform.instance_type[0])
            commands.server(image)  # if nothing can serve the image, fails before anything is downloaded
            model_dir = model.source or archives.unpack(s3(), model.artifact)
            environment = starts.environment(
                image,
                model_dir,
                _environment(spec, request, model.image),
                s3=s3,
                isolated=bool(model.enable_network_isolation),
                say=say,
                stop=stop,
            )
            with servers.lease(image, model_dir, environment, stop) as server:
                invoker = HttpInvoker(server.url)
                yield LocalModel(_ExplainingInvoker(invoker, server.output), execution_parameters(invoker))
                invoker.close()
        finally:
            servers.close()


class _ExplainingInvoker:
    """Calls the model. If an error response has no traceback, replaces it with the one that the server printed.

    When the model's code fails, the scikit-learn and XGBoost containers respond with a page that doesn't show why.
    """

    def __init__(self, invoker: ModelInvoker, output: Path | None) -> None:
        self._invoker = invoker
        self._output = output

    def invoke(self, body: bytes, *, content_type: str | None, accept: str | None, timeout: float) -> Answer:
        before = 0 if self._output is None else self._output.stat().st_size
        answer = self._invoker.invoke(body, content_type=content_type, accept=accept, timeout=timeout)
        if (
            self._output is None
            or answer.status < http.client.INTERNAL_SERVER_ERROR
            or _TRACEBACK in answer.body
        ):
            return answer
        printed = self._output.read_bytes()[before:]
        return Answer(answer.status, printed) if _TRACEBACK in printed else answer


def _environment(spec: JobSpec, request: Mapping[str, Any], image: FrameworkImage | str) -> dict[str, str]:
    """Return the container's environment: as in a run, but without the AWS variables, since there is no endpoint."""
    source = spec.model.source
    start = start_variables(
        image, spec.model.env, from_source=source is not None, has_script=has_default_script(source)
    )
    return {
        **start,
        **spec.model.env,
        **request.get("Environment", {}),
        **batch_variables(request),
        "PYTHONDONTWRITEBYTECODE": "1",  # the model's folder stays as it is
    }
