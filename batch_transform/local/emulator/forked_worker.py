"""A program with boto3 imported, which forks for each worker of a function: boto3 takes most of a worker's start.

    python forked_worker.py CHANNEL FOLDER

CHANNEL is the descriptor of a socket to the local AWS; FOLDER only marks the process. The program sends the names of
the modules that it has imported. Then it reads requests, each with the worker's stdin, stdout and stderr, and answers
with the worker's process id and a descriptor of that process. It ends with the channel. A message is a length and JSON.

It imports nothing of this project: functions must not find it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import struct
import sys
import time
import types
from typing import Any

LENGTH = struct.Struct("!I")
"""What precedes a message, and what descriptors are sent with."""


def main() -> None:
    """Serve requests; in a worker, run its script."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # the folder of this file
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the workers here
    import boto3  # noqa: F401, PLC0415  # after sys.path is as in a worker
    import botocore.handlers  # noqa: F401, PLC0415

    gc.collect()
    gc.freeze()  # what is here stays: a collection in a worker would go through it, and copy the memory that it shares
    modules = sorted({name.partition(".")[0] for name in sys.modules})
    send(channel, modules)
    worker = _serve(channel)
    if worker is not None:
        _become(worker)


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. Return None at the end of the channel, and the request in a worker."""
    while True:
        start, descriptors, _, _ = socket.recv_fds(channel, LENGTH.size, 3)
        if not start:
            return None
        start += receive(channel, LENGTH.size - len(start))
        request: dict[str, Any] = json.loads(receive(channel, *LENGTH.unpack(start)))
        pid = os.fork()
        if pid == 0:
            channel.close()
            for standard, descriptor in enumerate(descriptors):
                os.dup2(descriptor, standard)
                os.close(descriptor)
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        _answer(channel, pid)


def _answer(channel: socket.socket, pid: int) -> None:
    if sys.platform == "linux":  # elsewhere no process has a descriptor, and this program isn't started
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:  # it has already ended
            send(channel, None)
            return
        answer = json.dumps(pid).encode()
        socket.send_fds(channel, [LENGTH.pack(len(answer)) + answer], [process])
        os.close(process)


def _become(worker: dict[str, Any]) -> None:
    """Run the script as a Python does that was started with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(worker["environment"])
    time.tzset()
    os.chdir(worker["folder"])
    script = worker["script"]
    sys.argv[:] = [script]
    sys.path.insert(0, os.path.dirname(script))  # noqa: PTH120  # as Python does
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__file__ = script
    with open(script, encoding="utf-8") as file:  # noqa: PTH123  # no pathlib for what a function may bring itself
        code = compile(file.read(), script, "exec")
    exec(code, module.__dict__)  # noqa: S102  # the emulator's own script


def send(channel: socket.socket, message: object) -> None:
    """Send a message without descriptors."""
    text = json.dumps(message).encode()
    channel.sendall(LENGTH.pack(len(text)) + text)


def receive(channel: socket.socket, length: int) -> bytes:
    """Receive so many bytes. Raises EOFError if the other side has ended."""
    received = b""
    while len(received) < length:
        part = channel.recv(length - len(received))
        if not part:
            raise EOFError("the other side has ended")
        received += part
    return received


if __name__ == "__main__":
    main()
