from __future__ import annotations

from dataclasses import replace

import pytest

from batch_transform.job.files.environment_file import load_environments
from compliance.assemblies import NAMES, Assembly, synthesised


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    """One job in each environment of environments.yaml, and in one with a customer key."""
    environments = {name: load_environments().named(name) for name in ("prod", "dev")}
    environments["with-key"] = replace(environments["prod"], customer_key=True)
    made = {}
    for name in NAMES:
        environment, _, job = name.rpartition("-")
        made[name] = synthesised(job, environments[environment], tmp_path_factory.mktemp(name))
    return made
