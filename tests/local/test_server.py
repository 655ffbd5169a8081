from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from checks.processes import listening
from patience import PATIENCE_SECONDS

SERVER = [sys.executable, "-m", "batch_transform.local.server"]


class Served:
    """A server process, started as from a shell."""

    def __init__(self, *options: str, stdin: int | None = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [*SERVER, "--port=0", *options],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready: http://127.0.0.1:"), self.process.stderr and self.process.stderr.read()
        self.endpoint_url = line.removeprefix("ready: ").strip()
        self.region = "us-east-1"

    def client(self, service: Any) -> Any:
        return self.session().client(service, endpoint_url=self.endpoint_url)

    def session(self) -> boto3.Session:
        return boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=self.region)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def served(*options: str, stdin: int | None = subprocess.DEVNULL) -> Iterator[Served]:
    server = Served(*options, stdin=stdin)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.communicate()


def marked_model(lab: Any, folder: Path, behaviour: str) -> str:
    """Make a model whose server is recognizable by its path."""
    source = Path(__file__).parent / "model_folder" / "serve"
    folder.mkdir()
    (folder / "serve").write_text(source.read_text())
    (folder / "serve").chmod(0o755)
    return str(lab.model(behaviour, image=f"file://{folder}"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_exit_code_0_and_nothing_left_behind(
    make_lab: Callable[[Any], Any],
    until: Callable[..., None],
    tmp_path: Path,
    number: signal.Signals,
    processes: Callable[[str], list[str]],
) -> None:
    folder = tmp_path / "marked-model"
    with served(f"--run-dir={tmp_path / 'run'}") as server:
        lab = make_lab(server)
        lab.start(lab.request(marked_model(lab, folder, "hang"), lab.bucket(**{"a.csv": b"1,2\n"})))
        until(lambda: processes(str(folder)))
        assert server.end(number) == 0
        assert processes(str(tmp_path)) == []
        assert not (tmp_path / "run").exists()


def test_it_stops_jobs_before_it_ends_and_leaves_nothing_half_written(
    make_lab: Callable[[Any], Any], until: Callable[..., None], tmp_path: Path
) -> None:
    with served(f"--data-dir={tmp_path / 'data'}") as server:
        lab = make_lab(server)
        bucket = lab.bucket(**{"a.csv": b"".join(b"x" * 999_999 + b"\n" for _ in range(40))})
        request = lab.request(lab.model("slow"), bucket, BatchStrategy="SingleRecord")
        del request["DataProcessing"]
        name = lab.start(request)
        until(lambda: len(lab.open_uploads(bucket)) == 1)
        assert server.end(signal.SIGTERM) == 0
    with served(f"--data-dir={tmp_path / 'data'}") as server:
        lab = make_lab(server)
        assert lab.describe(name)["TransformJobStatus"] == "Stopped"
        assert lab.keys(bucket) == []
        assert lab.open_uploads(bucket) == []
        assert lab.keys(bucket, "in/") == ["in/a.csv"]


def test_sigkill_leaves_no_process(
    make_lab: Callable[[Any], Any],
    until: Callable[..., None],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    folder = tmp_path / "marked-model"
    with served(f"--run-dir={tmp_path / 'run'}") as server:
        lab = make_lab(server)
        lab.start(lab.request(marked_model(lab, folder, "offspring"), lab.bucket(**{"a.csv": b"1,2\n"})))
        until(lambda: processes(f"{folder}/serve"))
        server.end(signal.SIGKILL)
        until(lambda: not processes(str(tmp_path)))


def test_it_ends_when_standard_input_closes_if_the_option_is_set(tmp_path: Path) -> None:
    with served("--end-with-stdin", stdin=subprocess.PIPE) as server:
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(30) == 0
        server.process.stdin = None


def test_models_jobs_and_objects_outlive_a_restart_with_a_data_dir(
    make_lab: Callable[[Any], Any], tmp_path: Path
) -> None:
    option = f"--data-dir={tmp_path}"
    with served(option) as server:
        lab = make_lab(server)
        bucket = lab.bucket(**{"a.csv": b"1,2\n"})
        request = lab.request(lab.model(), bucket)
        before = lab.run(request)
        machine = lab.machine({"Done": {"Type": "Pass", "End": True}})
        package = registered_and_served(lab, request["ModelName"])
        assert server.end(signal.SIGTERM) == 0
    with served(option) as server:
        lab = make_lab(server)
        after = lab.describe(request["TransformJobName"])
        assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}
        assert lab.body(bucket, "out/a.csv.out") == b"1,1\n"
        assert lab.execution(lab.execute(machine))["status"] == "SUCCEEDED"
        assert lab.run({**request, "TransformJobName": lab.name()})["TransformJobStatus"] == "Completed"
        config = lab.sagemaker.describe_endpoint(EndpointName="live")["EndpointConfigName"]
        variants = lab.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        assert [variant["ModelName"] for variant in variants] == [request["ModelName"]]
        listed = lab.sagemaker.list_model_packages(ModelPackageGroupName="scorers")
        assert [each["ModelPackageArn"] for each in listed["ModelPackageSummaryList"]] == [package]


def registered_and_served(lab: Any, model: str) -> str:
    """Create an endpoint for the model and a model package, and return the ARN of the package."""
    variant = {"VariantName": "all", "ModelName": model, "InstanceType": "ml.m5.large"}
    lab.sagemaker.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    lab.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="scorers")
    package = lab.sagemaker.create_model_package(ModelPackageGroupName="scorers")
    return str(package["ModelPackageArn"])


def test_fails_with_one_message_when_the_port_is_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run([*SERVER, f"--port={port}"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: port {port} of 127.0.0.1 is in use: ")
    assert "--port" in line


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--images", "- a\n- b\n", "not a mapping of images to commands"),
        ("--images", "{a: {b: c}}", "is neither a command"),
        ("--images", "{", "neither JSON nor YAML: line 1, column 2: expected the node content"),
        ("--images", "a: b\n c: [", "neither JSON nor YAML: line 2, column 3: mapping values"),
        ("--images", "a: \x07", "neither JSON nor YAML: unacceptable character #x0007"),
        ("--quotas", "{", "not JSON"),
        (
            "--quotas",
            json.dumps({"Limits": {}}),
            "ServiceQuotas, DuplicateDelivery, InsufficientInstanceCapacity",
        ),
    ],
)
def test_fails_with_one_message_when_a_file_is_wrong(
    tmp_path: Path, option: str, text: str, message: str
) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    ended = subprocess.run(
        [*SERVER, "--port=0", f"{option}={file}"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {file}: ")
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def failed(*options: str, expected: int = 2, **environment: str) -> str:
    """Start a server that must fail to start, and return its one line of output."""
    ended = subprocess.run(
        [*SERVER, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **environment},
    )
    assert (ended.returncode, ended.stdout) == (expected, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--port=80000", "--port 80000 is not a port number; use 0 to 65535"),
        ("--port=-5", "--port -5 is not a port number; use 0 to 65535"),
        ("--region=", "--region '' is not an AWS region: give one such as us-east-1"),
        ("--ping-timeout=-1", "--ping-timeout -1 is not a number of seconds: give one above 0"),
        ("--ping-timeout=nan", "--ping-timeout nan is not a number of seconds: give one above 0"),
        ("--wait-scale=inf", "--wait-scale inf is below 0 or infinite: give a number from 0"),
        ("--alarm-scale=0", "--alarm-scale 0 is not above 0, or infinite: give a number above 0"),
        ("--schedule-scale=0", "--schedule-scale 0 is not above 0, or infinite: give a number above 0"),
    ],
)
def test_fails_with_one_message_for_an_unusable_value(tmp_path: Path, option: str, said: str) -> None:
    assert failed("--port=0", option, TMPDIR=str(tmp_path)) == f"error: {said}"
    assert list(tmp_path.iterdir()) == []


def test_fails_with_all_wrong_values_at_once() -> None:
    line = failed("--port=80000", "--region=x")
    assert "--port" in line
    assert "--region" in line


def test_fails_for_a_second_server_on_the_same_data_dir_until_the_first_has_ended(tmp_path: Path) -> None:
    option = f"--data-dir={tmp_path / 'data'}"
    with served(option) as first:
        assert failed("--port=0", option) == (
            f"error: --data-dir {tmp_path / 'data'}: another local AWS uses this folder; stop it, "
            "or choose another folder"
        )
        first.end(signal.SIGKILL)
        with served(option):
            pass


def test_fails_before_it_is_ready_when_nothing_can_be_written_to_the_data_dir(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file / "below", Path("/proc/data")):
        line = failed("--port=0", f"--data-dir={folder}")
        assert line.startswith(f"error: --data-dir {folder}: the folder is not writable: ")


def test_the_folder_of_a_killed_server_is_deleted_when_the_next_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "batch-transform-of-something-else").mkdir()
    with served() as first, served() as second:
        of_both = set(tmp_path.glob("batch-transform-*"))
        assert len(of_both) == 3
        first.end(signal.SIGKILL)
        with served() as third:
            assert len(of_both & set(tmp_path.glob("batch-transform-*"))) == 2
            assert third.end(signal.SIGTERM) == 0
        assert second.end(signal.SIGTERM) == 0
    assert [folder.name for folder in tmp_path.iterdir()] == ["batch-transform-of-something-else"]


def test_its_output_can_be_pasted_into_a_terminal() -> None:
    with served("--region=eu-west-1") as server:
        assert server.process.stdout is not None
        printed = iter(server.process.stdout.readline, "    unset AWS_PROFILE AWS_SESSION_TOKEN\n")
        pasted = "".join(line for line in printed if line.startswith("    "))
        ask = "import boto3; s = boto3.client('sts'); print(s.meta.region_name, s.get_caller_identity()['Account'])"
        person = {"PATH": os.environ["PATH"], "AWS_PROFILE": "another", "AWS_SESSION_TOKEN": "another"}
        lines = f'{pasted}unset AWS_PROFILE AWS_SESSION_TOKEN\nexec "$0" -c "{ask}"'
        answer = subprocess.run(
            ["/bin/sh", "-e", "-c", lines, sys.executable],
            env=person,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (answer.stdout, answer.stderr) == ("eu-west-1 000000000000\n", "")


def test_it_listens_only_on_the_loopback_interface() -> None:
    with served() as server:
        port = server.endpoint_url.rpartition(":")[2]
        assert listening(server.process.pid) == [("127.0.0.1", int(port))]


def test_it_serves_many_requests_at_once(make_lab: Callable[[Any], Any]) -> None:
    with served() as server:
        lab = make_lab(server)
        bucket, model = lab.bucket(**{"a.csv": b"1,2\n"}), lab.model()
        names: list[str] = []
        threads = [
            threading.Thread(target=lambda: names.append(lab.start(lab.request(model, bucket))))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [lab.wait(name)["TransformJobStatus"] for name in names] == ["Completed"] * 12
        started = time.monotonic()
        lab.run(lab.request(model, bucket))
        assert time.monotonic() - started < 5


RAISES_ITS_LIMIT = """
import resource, sys
from batch_transform.local.server import allow_many_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
allow_many_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (256, 4096, 4096),  # a terminal on macOS has 256
        (256, 512, 512),
        (512, 512, 512),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_the_system_allows(
    soft: int, hard: int, after: int
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip(f"this system allows fewer than {hard} open files")
    program = [sys.executable, "-c", RAISES_ITS_LIMIT, str(soft), str(hard)]
    printed = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert printed.split() == [str(after), str(hard)]
