"""The commands for deployed jobs, as a person who may use the customer key, on buckets that refuse other encryption."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_transform.job.values.stack_outputs import ENCRYPTION_KEY, INPUT_BUCKET, OUTPUT_BUCKET
from batch_transform.runs.uploads import PART
from e2e.deployed_commands import Command, Done, commands
from e2e.project_copy import PROJECT
from e2e.workflow_stack import MODEL_FOLDER, Deployed, deployed_jobs

PAGE = (PROJECT / "docs/how-to/permissions-for-people.md").read_text(encoding="utf-8")
USER = "ann"
KEPT: dict[str, Any] = {
    "behaviour": "echo",
    "reconcile": "records",
    "input": {
        "content_type": "text/csv",
        "split_type": "Line",
        "compression_type": "Gzip",
        "columns": ["id", "x", "label"],
    },
    "output": {"accept": "text/csv", "assemble_with": "Line", "columns": ["score", "predicted"]},
    "data_processing": {"join_source": "Input", "send": ["x", "label"], "keep": ["id", "score", "predicted"]},
}
As = Callable[..., Done]


def block(number: int) -> Any:
    """A JSON block of the page, by its number."""
    return json.loads(re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[number])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("key")
    with deployed_jobs(folder, {"kept": KEPT}, enforce_iam=True, environment={"customer_key": True}) as found:
        for output in (INPUT_BUCKET, OUTPUT_BUCKET):
            refuse_other_encryption(found, found.outputs[output])
        yield found


def refuse_other_encryption(deployed: Deployed, bucket: str) -> None:
    """Add to the bucket's policy what companies add: no object under another encryption, or another key."""
    s3 = deployed.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    for name, value in (
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", deployed.outputs[ENCRYPTION_KEY]),
    ):
        policy["Statement"].append(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
                "Condition": {"Null": {f"s3:{name}": "false"}, "StringNotEquals": {f"s3:{name}": value}},
            }
        )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


@pytest.fixture
def as_ann(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> As:
    """Run a command as a user with the page's policy and its statement for the key, without one of its actions."""
    run: Command = commands(deployed, tmp_path, monkeypatch, capsys)
    iam = deployed.client("iam")
    if USER not in {user["UserName"] for user in iam.list_users()["Users"]}:
        iam.create_user(UserName=USER)
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])

    def run_as(*arguments: str, without: str = "") -> Done:
        statement = block(1)
        key_id = deployed.outputs[ENCRYPTION_KEY].rpartition("/")[2]
        statement["Resource"] = statement["Resource"].replace("KEY-ID", key_id)
        statement["Action"] = [action for action in statement["Action"] if action != without]
        policy = block(0)
        policy["Statement"].append(statement)
        iam.put_user_policy(UserName=USER, PolicyName="page", PolicyDocument=json.dumps(policy))
        return run(*arguments)

    return run_as


def zipped(file: Path, rows: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress(rows.encode(), mtime=0))
    return file


def rows_of(changed: int) -> str:
    return "".join(f"k{n},0.{n:02},{'cat' if n % 2 or n < changed else 'dog'}\n" for n in range(100))


def test_what_is_uploaded_under_the_key_is_scored_fetched_and_compared(
    as_ann: As, deployed: Deployed, tmp_path: Path
) -> None:
    done = as_ann("upload", "kept", str(zipped(tmp_path / "day/a.csv.gz", rows_of(0)).parent))
    assert (done.code, done.err) == (0, "")
    deployed.client("s3").delete_object(Bucket=deployed.outputs[INPUT_BUCKET], Key="kept/data/a.csv")
    first = as_ann("start", "kept", "--wait").value("run")
    zipped(tmp_path / "day/a.csv.gz", rows_of(8))
    assert as_ann("upload", "kept", "day").code == 2
    assert as_ann("upload", "kept", "day", "--overwrite").value("uploaded").startswith("1 object")
    assert as_ann("upload", "kept", "day").value("unchanged").startswith("1 object")
    second = as_ann("start", "kept", "--wait").value("run")
    head = deployed.client("s3").head_object(Bucket=deployed.outputs[INPUT_BUCKET], Key="kept/a.csv.gz")
    assert head["SSEKMSKeyId"] == deployed.outputs[ENCRYPTION_KEY]

    done = as_ann("compare", first, second, "--json")
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert (report["key"], report["keys"]["both"]) == ("id", 100)
    assert [one["records"] for one in report["runs"]] == [100, 100]
    assert report["inputs"] == {"same": 0, "changed": 1, "only_first": 0, "only_second": 0}
    assert {one["name"]: one["changed"] for one in report["predictions"]} == {"score": 0, "predicted": 4}

    done = as_ann("fetch", second)
    assert (done.code, done.err) == (0, "")
    folder = tmp_path / "out/kept" / second
    assert (folder / "a.csv.gz.out").read_text().startswith("k0,0.00,cat\nk1,0.01,cat\n")
    done = as_ann("compare", first, str(folder), "--prediction", "predicted", "--max-changed", "3%")
    assert done.code == 1
    assert "4.000% of the keys changed in predicted, more than --max-changed 3.000%" in done.err
    for arguments in (("runs", "kept", "--cost"), ("show", first)):
        done = as_ann(*arguments)
        assert (done.code, done.err) == (0, "")
        assert "SUCCEEDED" in done.out


def test_a_run_on_this_machine_is_compared_with_one_in_s3(
    as_ann: As, deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped(tmp_path / "day/a.csv.gz", rows_of(2))
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").touch()
    stand_in = {"source": "model", "image": f"file://{MODEL_FOLDER}", "env": {"BEHAVIOUR": "echo"}}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"model-kept": stand_in}))
    monkeypatch.chdir(deployed.limits.parent / "app")
    done = as_ann(
        *(
            "run",
            "kept",
            "--jobs",
            "../jobs",
            "--input",
            str(tmp_path / "day"),
            "--out",
            str(tmp_path / "out"),
        ),
        *("--models", str(tmp_path / "models.yaml"), "--compare-with", "kept", "--prediction", "predicted"),
        *("--max-changed", "0%"),
    )
    assert done.code == 1
    assert "100 records in, 100 out: they match" in done.out
    assert "100 keys in both runs" in done.out
    assert "of the keys changed in predicted, more than --max-changed 0.000%" in done.err


@pytest.fixture
def large(deployed: Deployed, tmp_path: Path) -> Iterator[Path]:
    """A file that is uploaded in parts. Its object is removed in the end."""
    file = tmp_path / "large.csv.gz"
    file.write_bytes(gzip.compress(b"") + bytes(2 * PART))
    yield file
    deployed.client("s3").delete_object(Bucket=deployed.outputs[INPUT_BUCKET], Key=f"kept/{file.name}")


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("upload", "kept", "new.csv.gz"), "kms:GenerateDataKey"),
        (("upload", "kept", "small.csv.gz"), "kms:Decrypt"),  # to compare its checksum
        (("upload", "kept", "large.csv.gz"), "kms:GenerateDataKey"),
        (("upload", "kept", "large.csv.gz"), "kms:Decrypt"),
        (("fetch", "kept"), "kms:Decrypt"),
        (("compare", "kept", "kept"), "kms:Decrypt"),
    ],
)
@pytest.mark.usefixtures("large")
def test_fails_without_an_action_on_the_key_and_names_it(
    as_ann: As, tmp_path: Path, command: tuple[str, ...], action: str
) -> None:
    zipped(tmp_path / "small.csv.gz", "k1,1,cat\n")
    assert as_ann("upload", "kept", "small.csv.gz").code == 0
    zipped(tmp_path / "new.csv.gz", f"{action},1,cat\n")
    done = as_ann(*command, without=action)
    assert done.code == 2
    assert "your credentials don't allow" in done.err
    assert action in done.err


def test_downloads_need_only_to_decrypt(as_ann: As) -> None:
    for command in (("fetch", "kept"), ("compare", "kept", "kept")):
        assert as_ann(*command, without="kms:GenerateDataKey").code == 0
