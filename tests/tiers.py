"""The tier of each test file: which of `make check`, `make test` and `make prove` runs it.

| tier    | what is in it                                                     | run by                    |
|---------|-------------------------------------------------------------------|---------------------------|
| `unit`  | one idea of the source at a time, without a local AWS             | `make check`, `make test` |
| `story` | commands, whole stacks, deployments and runs on a local AWS       | `make test`               |
| `proof` | long, exhaustive, or against other programs       | `make prove`              |

`pytest --tier unit` runs one of them, and `pytest` alone runs all. A file in no folder of this table stops pytest.
"""

from __future__ import annotations

from pathlib import Path, PurePath

TESTS = Path(__file__).parent
TIERS = ("unit", "story", "proof")

TIER_OF = {
    "adopt": "unit",
    "adopt/test_sdk_tables.py": "proof",  # against the SageMaker SDK
    "cli": "unit",
    "cli/test_check_in_any_app.py": "story",  # an app's own command
    "cli/test_compare.py": "story",
    "cli/test_deployed.py": "story",
    "cli/test_on_local_aws.py": "story",
    "cli/test_parity.py": "story",
    "cli/test_parity_definitions.py": "story",
    "cli/test_upload_and_fetch.py": "story",
    "compare": "unit",
    "compliance": "story",
    "compliance/test_checkov.py": "proof",
    "constructs_lib": "unit",
    "constructs_lib/app/test_job_stacks.py": "story",  # an app's own command
    "constructs_lib/app/test_shared_resources.py": "story",  # many whole stacks
    "constructs_lib/starts/test_triggers.py": "story",  # as above
    "constructs_lib/test_batch_transform.py": "story",  # as above
    "constructs_lib/test_given_resources.py": "story",  # as above
    "constructs_lib/watch/test_monitoring.py": "story",  # as above
    "doctor": "unit",
    "e2e": "story",
    "e2e/test_at_once.py": "proof",  # two whole runs at a time, from nothing
    "e2e/test_cdk.py": "proof",  # by the command line of the CDK
    "e2e/test_changed_settings.py": "proof",  # a synthesis and a deployment for each setting
    "e2e/test_customer_key_life.py": "proof",  # the key's whole life, over several deployments
    "e2e/test_customer_key_of_several_stacks.py": "proof",  # as above
    "e2e/test_machine_faults.py": "proof",  # a run for each fault
    "e2e/test_pytorch_example.py": "proof",  # needs PyTorch
    "e2e/test_retry.py": "proof",  # a retry for each kind of input, and for each that is refused
    "e2e/test_run_in_any_app.py": "proof",  # a whole app for each way to write one
    "e2e/test_several_stacks.py": "proof",  # a job moves to another stack and back
    "e2e/test_stand_ins.py": "proof",  # a run for each kind of model that SageMaker has already
    "e2e/test_stopped_half_way.py": "proof",  # a run for each moment at which it may be stopped
    "e2e/test_under_a_customer_key.py": "proof",  # each action on the key taken away
    "e2e/test_upgrade_during_a_run.py": "proof",  # two releases, and a run for each way to continue
    "e2e/test_unusual_length.py": "proof",  # as long as an alarm looks back
    "engine": "unit",
    "explain": "unit",
    "lambda_functions": "unit",
    "least_privilege": "proof",
    "local": "story",
    "local/clients": "proof",
    "local/emulator/patches/test_lambda_workers.py": "proof",  # bursts of calls
    "local/emulator/storage/test_kept.py": "proof",  # large objects, beyond what memory holds
    "local/emulator/storage/test_objects.py": "proof",  # as above
    "local/framework/test_aws_toolkits.py": "proof",
    "local/framework/test_pytorch.py": "proof",  # needs PyTorch
    "local/framework/test_xgboost.py": "proof",  # needs XGBoost
    "nag": "unit",
    "package": "proof",  # in environments that are made for it
    "parity": "unit",
    "preview": "unit",
    "recorded": "story",
    "repository": "unit",
    "runs": "unit",
    "scaffold": "unit",
    "second_interpreter": "proof",
    "job": "unit",
    "job/files/test_job_schema.py": "story",  # in the validator of an editor
    "job/files/test_regular_file.py": "story",  # with each command
    "stacks": "story",
    "test_tiers.py": "unit",
    "tools": "unit",
}
"""Folders and files below tests/. The entry that names most of a path decides."""


def tier_of(file: PurePath) -> str:
    """Return the tier of a test file, whose path is relative to tests/."""
    for named in (file, *file.parents):
        if tier := TIER_OF.get(named.as_posix()):
            return tier
    raise LookupError(f"tests/{file.as_posix()} is in no tier; add its folder or the file to tests/tiers.py")
