"""The container's environment, as a model's code reads it."""

from __future__ import annotations

import os
from pathlib import Path

from batch_transform.local.framework.sagemaker_containers import content_types
from batch_transform.local.framework.settings import read_settings, whole_number

model_dir = os.environ.get("SM_MODEL_DIR", "/opt/ml/model")
code_dir = str(Path(model_dir).parent / "code")
"""/opt/ml/code, to which the containers copy the program; here it is imported from its own folder."""


class ServingEnv:
    """A snapshot of a serving container's settings."""

    def __init__(self) -> None:
        settings = read_settings("sklearn", "")
        self.model_dir = model_dir
        self.module_name = settings.module
        self.user_entry_point = os.environ.get("SAGEMAKER_PROGRAM")
        self.module_dir = code_dir if settings.code_dir is None else str(settings.code_dir)
        self.default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", content_types.JSON)
        self.model_server_timeout = whole_number(os.environ, "SAGEMAKER_MODEL_SERVER_TIMEOUT", 60)
        self.model_server_workers = whole_number(os.environ, "SAGEMAKER_MODEL_SERVER_WORKERS", self.num_cpus)
        self.http_port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")

    @property
    def num_cpus(self) -> int:
        """The number of CPUs."""
        return os.cpu_count() or 1
