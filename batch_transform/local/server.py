"""Serves the local AWS in the foreground.

    python -m batch_transform.local.server [--port N] [--data-dir DIR] ...

Prints `ready: http://127.0.0.1:PORT` when it accepts requests. SIGINT (Ctrl-C), SIGTERM and SIGHUP stop the transform
jobs, the model servers and the Lambda functions; the exit code is then 0.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import math
import os
import re
import resource
import shlex
import shutil
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from batch_transform.job.errors import BatchTransformError, InputError, PortInUseError
from batch_transform.local.folders import locked_folder, temporary_folder
from batch_transform.local.model_server.image import Images
from batch_transform.local.proxies import without_proxy
from batch_transform.local.sagemaker.quotas import Quotas
from batch_transform.local.settings import DEFAULT_PORT, DEFAULT_REGION, LocalAwsSettings, client_environment

_HIGHEST_PORT = 65535
_OPEN_FILES = 10_240
"""The most that macOS allows. A job of 100 concurrent transforms needs about 140."""
_PROXIES = ("HTTP_PROXY", "ALL_PROXY")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _check(options)
        with ExitStack() as folders:
            if options.data_dir is not None:
                options.data_dir = folders.enter_context(locked_folder(options.data_dir.resolve()))
            _serve(options, options.run_dir or folders.enter_context(temporary_folder()))
    except BatchTransformError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:  # before anything was served
        pass
    if options.run_dir is not None:
        shutil.rmtree(options.run_dir, ignore_errors=True)
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise InputError for the options whose values are wrong, all of them at once."""
    wrong = []
    if not 0 <= options.port <= _HIGHEST_PORT:
        wrong.append(f"--port {options.port} is not a port number; use 0 to {_HIGHEST_PORT}")
    if not _REGION.fullmatch(options.region):
        wrong.append(f"--region {options.region!r} is not an AWS region: give one such as {DEFAULT_REGION}")
    if not 0 < options.ping_timeout < math.inf:
        wrong.append(f"--ping-timeout {options.ping_timeout:g} is not a number of seconds: give one above 0")
    if not 0 <= options.wait_scale < math.inf:
        wrong.append(f"--wait-scale {options.wait_scale:g} is below 0 or infinite: give a number from 0")
    if not 0 < options.alarm_scale < math.inf:
        wrong.append(
            f"--alarm-scale {options.alarm_scale:g} is not above 0, or infinite: give a number above 0"
        )
    if not 0 < options.schedule_scale < math.inf:
        wrong.append(
            f"--schedule-scale {options.schedule_scale:g} is not above 0, or infinite: give a number above 0"
        )
    if wrong:
        raise InputError("; ".join(wrong))


def listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; port 0 is any free one. Raises PortInUseError."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} of 127.0.0.1 is in use: another local AWS may be running; stop it, "
                "or choose another port with --port (0 for any free one)"
            ) from error
        if error.errno == errno.EACCES:
            raise PortInUseError(
                f"this user may not use port {port}; choose one from 1024 with --port"
            ) from error
        raise
    sock.listen(128)
    return sock


def allow_many_open_files() -> None:
    """Raise this process's limit on files and connections, 256 in a terminal on macOS, as far as the system allows."""
    limit, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _OPEN_FILES if highest == resource.RLIM_INFINITY else min(_OPEN_FILES, highest)
    if limit != resource.RLIM_INFINITY and limit < enough:
        with contextlib.suppress(OSError, ValueError):  # then the old limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, highest))


def _serve(options: argparse.Namespace, run_dir: Path) -> None:
    settings = LocalAwsSettings(
        run_dir=run_dir,
        data_dir=options.data_dir,
        images=options.images,
        quotas=options.quotas,
        ping_timeout=options.ping_timeout,
        wait_scale=options.wait_scale,
        alarm_scale=options.alarm_scale,
        schedule_scale=options.schedule_scale,
        schedules=not options.no_schedules,
        region=options.region,
        enforce_iam=options.enforce_iam,
        offline=options.offline,
    )
    allow_many_open_files()
    # reads the user's files before anything starts
    Images(settings.images)
    Quotas(settings.quotas)
    with listen(options.port) as sock:
        # the emulator reads its settings from the environment while it is imported
        from batch_transform.local.emulator import environment  # noqa: PLC0415

        environment.prepare(settings, sock.getsockname()[1])
        from batch_transform.local.emulator import hooks  # noqa: PLC0415

        hooks.check()
        from batch_transform.local.emulator.serve import serve  # noqa: PLC0415

        end = threading.Event()
        if options.end_with_stdin:
            threading.Thread(target=_set_at_end_of_input, args=(end,), daemon=True).start()
        say_ready = partial(_print_ready, region=settings.region, to_person=not options.end_with_stdin)
        serve(settings, sock, ready=say_ready, end=end)


def _set_at_end_of_input(end: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    end.set()


def _print_ready(endpoint_url: str, region: str, *, to_person: bool) -> None:
    lines = [f"ready: {endpoint_url}"]
    if to_person:
        variables = client_environment(endpoint_url, region)
        if any(os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXIES):
            variables |= without_proxy(os.environ)
        exports = [f"    export {name}={shlex.quote(value)}" for name, value in variables.items()]
        lines += [
            "",
            "To use an AWS client in another terminal, paste these lines there:",
            "",
            *exports,
            "    unset AWS_PROFILE AWS_SESSION_TOKEN",
            "",
            'The SageMaker Python SDK also needs a bucket: Session(default_bucket="my-bucket").',
            "Press Ctrl-C to stop.",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch_transform.local.server", description="serve the local AWS on 127.0.0.1"
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 for any free port (default: %(default)s)"
    )
    parser.add_argument(
        "--region", default=DEFAULT_REGION, help="the region of requests without one (default: %(default)s)"
    )
    parser.add_argument(
        "--data-dir", type=Path, help="keep S3 objects and resources in this folder over a restart"
    )
    parser.add_argument(
        "--images", type=Path, help="JSON or YAML file that maps container images to commands"
    )
    parser.add_argument("--quotas", type=Path, help="JSON file with the limits of the account")
    parser.add_argument(
        "--ping-timeout", type=float, default=60.0, help="seconds within which a model server must answer"
    )
    parser.add_argument(
        "--wait-scale", type=float, default=1.0, help="0.1 shortens the waits of state machines to a tenth"
    )
    parser.add_argument(
        "--alarm-scale", type=float, default=1.0, help="0.1 shortens the periods of alarms to a tenth"
    )
    parser.add_argument(
        "--schedule-scale",
        type=float,
        default=1.0,
        help="0.1 makes schedules start in a tenth of the time",
    )
    parser.add_argument("--no-schedules", action="store_true", help="keep schedules, but start nothing")
    parser.add_argument("--enforce-iam", action="store_true", help="check permissions as AWS does")
    parser.add_argument(
        "--offline", action="store_true", help="install nothing from a model's requirements.txt"
    )
    parser.add_argument(
        "--run-dir", type=Path, help="folder for files of this process (default: a temporary one)"
    )
    parser.add_argument("--end-with-stdin", action="store_true", help="stop when standard input ends")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # threads of the emulator that still wait must not delay the exit
    os._exit(code)
