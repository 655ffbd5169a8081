"""Runs the first example of each page of docs/ as a reader who installed batch-transform would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from package.clean import CleanEnvironment, Environment
from package.local_aws import local_aws
from package.wheelhouse import PROJECT

PAGES = PROJECT / "docs"
JOB = """\
name: churn
model: {existing: churn-model}
input: {content_type: text/csv, split_type: Line}
output: {accept: text/csv, assemble_with: Line}
"""
WITHOUT_EXAMPLE = {
    "how-it-works/design": "begins with a drawing",
    "how-it-works/parity": "is a table",
    "reference/permissions": "is a table",
    "how-to/permissions-for-people": "is a policy for IAM, which tests/e2e/test_person_permissions.py enforces",
    "README": "is the list of the pages",
    "get-started": "begins with init, which tests/package/test_init.py runs",
    "how-to/customer-key": "begins with a setting, which tests/e2e/test_customer_key_life.py deploys",
    "how-to/start-runs": "needs a deployment, as tests/cli/test_deployed.py makes one",
    "how-to/test-on-your-machine": "is run by the tests of each command",
    "how-to/write-a-job-file": "begins with new, which the tests of the command run",
    "reference/constructs": "continues where how-to/your-own-cdk-app ends, as its test does",
    "reference/run-output": "begins with the output of a run",
    "reference/run-record": "begins with the record of a run",
    "how-it-works/speed": "is for those who have the checkout",
    "how-it-works/the-cdks-own-task": "is a table",
    "reference/versions": "begins with an upgrade by pip, which asks an index",
}


def first_example(page: str, *, language: str | None = None) -> str:
    """The first code block of the page, or the first one in this language."""
    blocks = [
        token.content
        for token in MarkdownIt().parse((PAGES / f"{page}.md").read_text())
        if token.type in {"fence", "code_block"} and language in {None, token.info}
    ]
    return blocks[0]


@pytest.fixture
def everything(clean_environment: CleanEnvironment) -> Environment:
    return clean_environment("cdk", "local")


def bad_records(environment: Environment, folder: Path) -> None:
    check(environment, folder, first_example("how-to/bad-records"))


def commands(environment: Environment, folder: Path) -> None:
    """The command on the page prints the lines that follow it, up to the first dots."""
    command, _, rest = first_example("reference/commands").partition("\n")
    (folder / "jobs").mkdir()
    shutil.copyfile(PROJECT / "jobs/tumours.yaml", folder / "jobs/tumours.yaml")
    (folder / "build/tumours/code").mkdir(parents=True)
    (folder / "build/tumours/code/inference.py").touch()
    said = environment.run(*command.split(), cwd=folder).stdout
    assert said.startswith(rest.strip().splitlines()[0])


def compliance(environment: Environment, folder: Path) -> None:
    (folder / "app.py").write_text(
        "import aws_cdk as cdk\nfrom aws_cdk.aws_s3 import Bucket\n"
        "from batch_transform_cdk.ground.acknowledgment import acknowledge\n"
        f"bucket = Bucket(cdk.Stack(cdk.App(), 'Stack'), 'Bucket')\n{first_example('reference/compliance')}\n"
    )
    environment.run("python", "app.py", cwd=folder)


def constructs(environment: Environment, folder: Path) -> None:
    (folder / "app.py").write_text(first_example("how-to/your-own-cdk-app", language="python"))
    check(environment, folder, JOB)
    environment.run("python", "app.py", cwd=folder, variables={"CDK_OUTDIR": "cdk.out"})
    template = json.loads((folder / "cdk.out/BatchTransform.template.json").read_text())
    kinds = [resource["Type"] for resource in template["Resources"].values()]
    assert kinds.count("AWS::StepFunctions::StateMachine") == 1


def costs(environment: Environment, folder: Path) -> None:
    check(environment, folder, JOB + first_example("how-to/costs", language="yaml"))


def environments(environment: Environment, folder: Path) -> None:
    (folder / "environments.yaml").write_text(first_example("how-to/environments"))
    check(environment, folder, JOB)


def from_sdk(environment: Environment, folder: Path) -> None:
    (folder / "score.py").write_text(first_example("how-to/migrate-from-the-sdk", language="python"))
    said = environment.run("batch-transform", "adopt", "--from-sdk", "score.py", cwd=folder).stdout
    assert yaml.safe_load(said)["transform"]["instance_type"] == "ml.m5.xlarge"


def job_file(environment: Environment, folder: Path) -> None:
    command, _, target = first_example("reference/job-file").strip().partition(" > ")
    (folder / "jobs").mkdir()
    (folder / target).write_text(environment.run(*command.split(), cwd=folder).stdout)
    assert "data_processing" in json.loads((folder / target).read_text())["properties"]


def local_aws_page(environment: Environment, folder: Path) -> None:
    """It prints the lines that the page shows, with its own port."""
    with local_aws(environment, folder) as variables:
        shown = [
            line.split()[1].split("=")[0]
            for line in first_example("how-it-works/local-aws").splitlines()
            if "export " in line
        ]
        assert list(variables) == shown
        said = environment.run(
            "python",
            "-c",
            "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])",
            cwd=folder,
            variables=variables,
        )
        assert said.stdout == "000000000000\n"


def monitoring(environment: Environment, folder: Path) -> None:
    check(environment, folder, JOB + first_example("how-to/monitoring"))


def nag_pack(environment: Environment, folder: Path) -> None:
    (folder / "app.py").write_text(first_example("reference/nag-pack"))
    environment.run("python", "app.py", cwd=folder, variables={"CDK_OUTDIR": "cdk.out"})


def check(environment: Environment, folder: Path, job: str) -> None:
    (folder / "jobs").mkdir()
    (folder / "jobs/churn.yaml").write_text(job)
    assert "no errors" in environment.run("batch-transform", "check", cwd=folder).stdout


EXAMPLES: dict[str, Callable[[Environment, Path], None]] = {
    "reference/commands": commands,
    "reference/compliance": compliance,
    "how-to/bad-records": bad_records,
    "how-to/your-own-cdk-app": constructs,
    "how-to/costs": costs,
    "how-to/environments": environments,
    "how-to/migrate-from-the-sdk": from_sdk,
    "reference/job-file": job_file,
    "how-it-works/local-aws": local_aws_page,
    "how-to/monitoring": monitoring,
    "reference/nag-pack": nag_pack,
}


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_first_example_runs(everything: Environment, tmp_path: Path, page: str) -> None:
    EXAMPLES[page](everything, tmp_path)


def test_every_page_has_an_example_or_a_reason_to_have_none() -> None:
    pages = {path.relative_to(PAGES).with_suffix("").as_posix() for path in PAGES.rglob("*.md")}
    assert pages == {*EXAMPLES, *WITHOUT_EXAMPLE}
