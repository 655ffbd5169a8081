"""`upload` and `fetch` with a stack that is deployed to the local AWS."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET
from batch_transform.runs.uploads import PART
from e2e.deployed_commands import Command, commands, program
from e2e.workflow_stack import Deployed, deployed_jobs
from patience import PATIENCE_SECONDS

JOBS = {"quick": {}, "idle": {}, "refused": {"behaviour": "refuse"}}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("deployed"), JOBS) as found:
        yield found


@pytest.fixture
def batch_transform(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return commands(deployed, tmp_path, monkeypatch, capsys)


def test_what_is_uploaded_is_scored_and_fetched_back(
    batch_transform: Command, deployed: Deployed, tmp_path: Path
) -> None:
    (tmp_path / "day/x").mkdir(parents=True)
    (tmp_path / "day/x/b.csv").write_text("id-3,1,2\n")
    (tmp_path / "day/.hidden").touch()
    done = batch_transform("upload", "quick", "day")
    assert (done.code, done.err) == (0, "")
    assert done.value("uploaded") == "1 object of 9 bytes: day/x/b.csv"
    assert done.value("left").endswith("begin with a dot: .hidden")
    assert done.value("start") == "batch-transform start quick"

    run = batch_transform("start", "quick", "--wait").value("run")
    done = batch_transform("fetch", "quick")
    assert (done.code, done.err) == (0, "")
    folder = tmp_path / "out/quick" / run
    assert done.value("to").startswith(f"out/quick/{run}")
    assert (folder / "x/b.csv.out").read_text() == "id-3,1,2\n"

    [again] = [batch_transform("fetch", run, "--json")]
    report = json.loads(again.out)
    assert (report["run"], report["status"], report["refused"]) == (run, "SUCCEEDED", [])
    assert {one["result"] for one in report["files"]} == {"unchanged"}
    assert "x/b.csv.out" in {one["uri"].removeprefix(report["source"]) for one in report["files"]}

    (folder / "x/b.csv.out").write_text("mine\n")
    done = batch_transform("fetch", run)
    assert done.code == 2
    assert "b.csv.out; to replace it, add --overwrite, or choose another folder with --to" in done.err
    assert (folder / "x/b.csv.out").read_text() == "mine\n"
    assert batch_transform("fetch", run, "--overwrite").code == 0
    assert (folder / "x/b.csv.out").read_text() == "id-3,1,2\n"
    assert batch_transform("fetch", run, "--to", "elsewhere").code == 0
    assert (tmp_path / "elsewhere/x/b.csv.out").read_text() == "id-3,1,2\n"


def test_an_object_is_overwritten_only_on_request(batch_transform: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    [first] = json.loads(batch_transform("upload", "idle", "a.csv", "--json").out)["files"]
    [second] = json.loads(batch_transform("upload", "idle", "a.csv", "--json").out)["files"]
    assert (first["result"], second["result"], second["bytes"]) == ("uploaded", "unchanged", 2)
    assert first["uri"].endswith("/idle/a.csv")
    (tmp_path / "a.csv").write_text("2\n")
    done = batch_transform("upload", "idle", "a.csv")
    assert done.code == 2
    assert f"other content: {first['uri']}; to replace it, add --overwrite" in done.err
    done = batch_transform("upload", "idle", "a.csv", "--overwrite")
    assert done.value("uploaded") == "1 object of 2 bytes: a.csv"


def test_interrupting_an_upload_says_how_to_continue_and_the_command_does(
    batch_transform: Command, deployed: Deployed, tmp_path: Path
) -> None:
    content = b"1,2,3\n" * (60 * PART // 6)
    (tmp_path / "large.csv").write_bytes(content)
    process = program(deployed, tmp_path, "upload", "idle", "large.csv")
    place = {"Bucket": deployed.outputs[INPUT_BUCKET], "Key": "idle/large.csv"}
    s3 = deployed.client("s3")
    while not (begun := s3.list_multipart_uploads(Bucket=place["Bucket"]).get("Uploads", [])) or not (
        s3.list_parts(**place, UploadId=begun[0]["UploadId"]).get("Parts")
    ):
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, err
    assert "0 of 1 file uploaded, about " in err
    assert "run the same command again to continue" in err
    done = batch_transform("upload", "idle", "large.csv")
    assert done.value("continued").endswith(": large.csv")
    assert s3.get_object(**place)["Body"].read() == content
    s3.delete_object(**place)


def size_of(file: Path) -> int:
    """The size of a file that may have been moved meanwhile."""
    with suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def test_killed_transfers_are_continued_and_nothing_is_sent_twice_or_left_over(
    batch_transform: Command, deployed: Deployed, tmp_path: Path
) -> None:
    names = [f"{number:03}.csv" for number in range(100)]
    (tmp_path / "many").mkdir()
    for name in names:
        (tmp_path / "many" / name).write_text(f"id-{name},1,2\n")
    s3, bucket = deployed.client("s3"), deployed.outputs[INPUT_BUCKET]
    process = program(deployed, tmp_path, "upload", "quick", "many")
    while not s3.list_objects_v2(Bucket=bucket, Prefix="quick/0")["KeyCount"]:
        assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    done = batch_transform("upload", "quick", "many", "--json")
    assert done.code == 0
    results = [one["result"] for one in json.loads(done.out)["files"]]
    assert len(results) == 100
    assert results.count("unchanged") >= 1
    versions = s3.list_object_versions(Bucket=bucket, Prefix="quick/0")["Versions"]
    assert sorted(one["Key"] for one in versions) == [f"quick/{name}" for name in names]

    run = batch_transform("start", "quick", "--wait").value("run")
    content = b"1,2,3\n" * (30 * PART // 6)
    place = {"Bucket": deployed.outputs[OUTPUT_BUCKET], "Key": f"quick/{run}/large.csv.out"}
    s3.put_object(**place, Body=content)
    process = program(deployed, tmp_path, "fetch", run)
    folder = tmp_path / "out/quick" / run
    while not any(size_of(part) > PART for part in folder.glob(".batch-transform-parts/*")):
        assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    assert batch_transform("fetch", run).code == 0
    assert (folder / "large.csv.out").read_bytes() == content
    assert [(folder / f"{name}.out").read_text() for name in names] == [f"id-{name},1,2\n" for name in names]
    assert not (folder / ".batch-transform-parts").exists()
    s3.delete_object(**place)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upload", "idle", "nowhere"], "nowhere: there is no such file or folder"),
        (["upload", "idel", "a.csv"], "no job idel is deployed in prod; did you mean idle?"),
        (["upload", "idle", "a.csv.gz"], "gzip"),
        (["upload", "idle"], "Missing argument"),
        (["fetch", "idle"], "the job idle has no runs yet"),
        (["fetch", "no-such-run"], "there is no run no-such-run"),
    ],
)
def test_fails_with_2_when_the_input_is_wrong(
    batch_transform: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"\x1f\x8b\x08" + os.urandom(20))
    done = batch_transform(*arguments)
    assert done.code == 2
    assert message in done.err


def test_a_failed_run_has_what_it_wrote_or_a_hint(batch_transform: Command, deployed: Deployed) -> None:
    run = batch_transform("start", "refused").value("run")
    assert deployed.wait(batch_transform("show", run).value("execution"))["status"] == "FAILED"
    done = batch_transform("fetch", run)
    if done.code == 0:
        assert "warning   the run is FAILED, so these results may be incomplete" in done.out
    else:
        assert done.code == 2
        assert f"the run {run} (FAILED) has no results below" in done.err
        assert f"to see why: batch-transform show {run}" in done.err
