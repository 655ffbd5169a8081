"""One batch transform in SageMaker SDK local mode, timed by itself. Runs in the SDK's own environment.

    python benchmarks/sdk_local_mode.py PORT INPUT_FOLDER OUTPUT_FOLDER CONTENT_TYPE MAX_PAYLOAD_IN_MB

Only one class of local mode needs a container engine. A stand-in for it starts nothing, since the model
server is already running; the rest of the SDK is unmodified. Prints the seconds of the transform:
without imports, start-up and waiting for the container.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

try:  # release 3
    from sagemaker.core.local import entities
    from sagemaker.core.local.local_session import LocalSagemakerRuntimeClient
except ModuleNotFoundError:  # release 2
    from sagemaker.local import entities
    from sagemaker.local.local_session import LocalSagemakerRuntimeClient


class RunningServer:
    """Takes the place of a container."""

    def __init__(self, *_: object) -> None:
        pass

    def serve(self, *_: object) -> None:
        """It is already up."""

    def stop_serving(self) -> None:
        """It stays up for the next transform."""


def main(port: str, source: str, output: str, content_type: str, max_payload: str) -> None:
    entities._SageMakerContainer = RunningServer
    config: dict[str, Any] = {"local": {"serving_port": int(port)}}
    model = {"PrimaryContainer": {"Image": "i", "ModelDataUrl": "", "Environment": {}}}
    session = types.SimpleNamespace(
        config=config,
        sagemaker_client=types.SimpleNamespace(describe_model=lambda _: model),
        sagemaker_runtime_client=LocalSagemakerRuntimeClient(config),
    )
    job = entities._LocalTransformJob("job", "model", session)
    Path(output).mkdir(parents=True, exist_ok=True)
    job.start(
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"file://{source}"}},
            "ContentType": content_type,
            "SplitType": "Line",
        },
        {"S3OutputPath": f"file://{output}", "Accept": content_type, "AssembleWith": "Line"},
        {"InstanceType": "local", "InstanceCount": 1},
        BatchStrategy="MultiRecord",
        MaxPayloadInMB=int(max_payload),
    )
    print((job.end_time - job.start_time).total_seconds())  # noqa: T201 - the parent process reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
