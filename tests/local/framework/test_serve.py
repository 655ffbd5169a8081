from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from batch_transform.local.framework.serve import main

FORK_SAFETY = "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"


@pytest.mark.parametrize(("platform", "setting"), [("darwin", "YES"), ("linux", None)])
def test_forked_workers_may_use_system_frameworks_on_macos(
    platform: str, setting: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str | None] = []
    for name, value in {"SM_MODEL_DIR": str(tmp_path), "SAGEMAKER_BIND_TO_PORT": "20000"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(FORK_SAFETY, "")
    monkeypatch.delenv(FORK_SAFETY)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "execv", lambda *_: started.append(os.environ.get(FORK_SAFETY)))
    main("sklearn", "1.2-1-cpu-py3")
    assert started == [setting]
