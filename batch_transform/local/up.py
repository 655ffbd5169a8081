"""A local AWS for as long as a Python program needs one.

with LocalAws() as aws:
    aws.client("s3").list_buckets()      # boto3, against aws.endpoint_url
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from batch_transform.job.errors import LocalAwsError, PortInUseError
from batch_transform.local.clients import isolated_session
from batch_transform.local.folders import locked_temporary_folder
from batch_transform.local.proxies import without_proxy
from batch_transform.local.settings import ACCESS_KEY, DEFAULT_REGION, client_environment

START_SECONDS = 60.0
STOP_SECONDS = 40.0
_REAP_SECONDS = 2.0  # its connections break a moment before its process ends
_READY = "ready: "


class LocalAws:
    """Starts the local AWS as a child process, which ends with this program, however that ends.

    `port` 0 is any free port. `log_file` gets the local AWS's own log; without it, the log is a temporary file that is
    kept only if the start fails. The other options are those of `batch_transform.local.settings`.

    Entering raises PortInUseError if the port is in use, and LocalAwsError, with the last lines of the log, if
    the start fails otherwise. Leaving raises LocalAwsError, with the path of the log, if an error ends the block
    after the local AWS itself was killed or failed.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data_dir: Path | None = None,
        images: Path | None = None,
        quotas: Path | None = None,
        ping_timeout: float = 60.0,
        wait_scale: float = 1.0,
        alarm_scale: float = 1.0,
        schedule_scale: float = 1.0,
        schedules: bool = True,
        region: str = DEFAULT_REGION,
        enforce_iam: bool = False,
        offline: bool = False,
        log_file: Path | None = None,
    ) -> None:
        self.region = region
        self._port = port
        self._options = {
            "--port": port,
            "--region": region,
            "--data-dir": data_dir,
            "--images": images,
            "--quotas": quotas,
            "--ping-timeout": ping_timeout,
            "--wait-scale": wait_scale,
            "--alarm-scale": alarm_scale,
            "--schedule-scale": schedule_scale,
        }
        self._flags = [
            *(["--enforce-iam"] if enforce_iam else []),
            *(["--offline"] if offline else []),
            *([] if schedules else ["--no-schedules"]),
        ]
        self._log_file = log_file
        self._session_lock = threading.Lock()
        self._held = contextlib.ExitStack()  # the folder, while it is up
        self._folder = Path()
        self._process: subprocess.Popen[str] | None = None
        self._endpoint_url: str | None = None

    @property
    def endpoint_url(self) -> str:
        """The URL that AWS clients call, such as `http://127.0.0.1:4566`. Known once the local AWS is entered."""
        if self._endpoint_url is None:
            raise LocalAwsError("the local AWS is not up; enter it first: with LocalAws() as aws: ...")
        return self._endpoint_url

    @property
    def pid(self) -> int:
        """The process id of the local AWS."""
        if self._process is None:
            raise LocalAwsError("the local AWS is not up")
        return self._process.pid

    @property
    def log_file(self) -> Path:
        """The file with the local AWS's own log."""
        if self._log_file is None:
            raise LocalAwsError("the local AWS is not up")
        return self._log_file

    def session(self) -> boto3.Session:
        """Return a boto3 session with dummy credentials. Pass `endpoint_url` to its clients, or use `client`."""
        return boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
            region_name=self.region,
            botocore_session=isolated_session(),
        )

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a boto3 client of the local AWS."""
        with self._session_lock:  # a boto3 session is not thread safe, its clients are
            return self._session.client(
                cast(Any, service),
                endpoint_url=self.endpoint_url,
                # without what botocore puts before the host, such as `sync-`, which only AWS's names have
                config=Config(s3={"addressing_style": "path"}, proxies={}, inject_host_prefix=False),
            )

    @functools.cached_property
    def _session(self) -> boto3.Session:
        """The session of all clients: a session reads the list of AWS's endpoints once, in a tenth of a second."""
        return self.session()

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which any AWS client, the `cdk` CLI too, uses the local AWS."""
        return {**client_environment(self.endpoint_url, self.region), **without_proxy(os.environ)}

    def __enter__(self) -> LocalAws:
        self._folder, lock = self._held.enter_context(locked_temporary_folder())
        try:
            self._start(lock)
        except BaseException:
            self._end()
            self._held.close()
            raise
        return self

    def _start(self, lock: int) -> None:
        if self._log_file is None:
            self._log_file = self._folder / "local-aws.log"
        options = [f"{name}={value}" for name, value in self._options.items() if value is not None]
        command = [sys.executable, "-m", "batch_transform.local.server", "--end-with-stdin"]
        with self._log_file.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*command, f"--run-dir={self._folder / 'run'}", *options, *self._flags],
                stdin=subprocess.PIPE,  # the child ends when this pipe does
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # we handle Ctrl-C
                pass_fds=(lock,),  # the folder stays locked until both processes end
            )
        self._endpoint_url = self._wait_until_ready(self._process)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, Exception) and self._has_ended(error):
                raise LocalAwsError(self._why_ended()) from error
        finally:
            self._end()
            self._held.close()

    def _has_ended(self, error: Exception) -> bool:
        """Whether it ended by itself: then the call that failed got no answer."""
        assert self._process is not None  # noqa: S101  # it was entered
        try:
            self._process.wait(_REAP_SECONDS if isinstance(error, BotoCoreError) else 0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _why_ended(self) -> str:
        assert self._process is not None  # noqa: S101  # it was entered
        code = self._process.returncode
        if code >= 0:
            how = f"with exit code {code}"
        else:
            how = f"by {signal.Signals(-code).name}"
            if -code == signal.SIGKILL:
                how += ", which the system sends when memory runs out"
        return f"the local AWS ended before the program that uses it, {how}; run it again; its log: {self._kept_log()}"

    def _kept_log(self) -> Path:
        """Return a log that stays: copy a temporary one out of the folder that is removed."""
        if self._folder not in self.log_file.parents:
            return self.log_file
        number, kept = tempfile.mkstemp(prefix="batch-transform-log-", suffix=".txt")
        with (
            os.fdopen(number, "wb") as target,
            contextlib.suppress(OSError),
        ):  # no log if the disk is full
            target.write(self.log_file.read_bytes())
        return Path(kept)

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> str:
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            raise LocalAwsError(
                f"the local AWS did not start within {START_SECONDS:g} s; see {self._kept_log()}"
            ) from None
        if line.startswith(_READY):
            return line.removeprefix(_READY).strip()
        process.wait()
        log = self.log_file.read_text(encoding="utf-8")
        last_lines = log.strip().splitlines()[-20:]
        last = last_lines[-1] if last_lines else ""
        if process.returncode == PortInUseError.exit_code and last.startswith("error: port "):
            raise PortInUseError(last.removeprefix("error: "))
        raise LocalAwsError("\n".join([f"the local AWS did not start; see {self._kept_log()}", *last_lines]))

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # it has already ended
                process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read_lines(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Queue the lines that the child prints, and an empty one at its end."""
    if process.stdout is not None:
        with contextlib.suppress(ValueError):  # closed while we read: the local AWS is being stopped
            for line in process.stdout:
                lines.put(line)
    lines.put("")
