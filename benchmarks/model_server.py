"""A model server that speaks the container contract and does as little as a model can.

    python -m benchmarks.model_server --answer constant|rows [--workers N]

`constant` counts the lines and answers each with the same text: nothing is faster. `rows` does what the
smallest real model does: it reads every number of every row and answers with a score. It prints its port.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
from collections.abc import Callable

import numpy as np
import orjson

_SCORES = [b"0.%04d" % score for score in range(10_000)]
_CONSTANT = {"csv": b"0.5000\n", "json": b'{"score": 0.5000}\n'}
Answer = Callable[[bytes, str], bytes]


def constant(body: bytes, kind: str) -> bytes:
    """Answer each line with the same line."""
    return _CONSTANT[kind] * (body.count(b"\n") + (not body.endswith(b"\n")))


def rows(body: bytes, kind: str) -> bytes:
    """Answer each row with a score of all its numbers."""
    lines = body.removesuffix(b"\n")
    if kind == "csv":
        count = lines.count(b"\n") + 1
        cells = np.fromstring(lines.replace(b"\n", b",").decode("ascii"), sep=",").reshape(count, -1)
        scores = (np.abs(cells.sum(axis=1)) * 997 % 10_000).astype(int).tolist()
        return b"\n".join([_SCORES[score] for score in scores]) + b"\n"
    values = [orjson.loads(line) for line in lines.split(b"\n")]
    features = [value["features"] if isinstance(value, dict) else value for value in values]
    return b"".join([b'{"score": %b}\n' % _SCORES[int(sum(row) * 997) % 10_000] for row in features])


ANSWERS: dict[str, Answer] = {"constant": constant, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answer", choices=sorted(ANSWERS), required=True)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    children = [pid for _ in range(options.workers - 1) if (pid := os.fork())] if options.workers > 1 else []
    if children or options.workers == 1:
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - the parent process reads the port
        signal.signal(signal.SIGTERM, lambda *_: _end(children))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if options.workers > 1:
            _serve(
                connection, ANSWERS[options.answer]
            )  # one connection a process, so that each can have a core
        else:
            threading.Thread(target=_serve, args=(connection, ANSWERS[options.answer]), daemon=True).start()


def _end(children: list[int]) -> None:
    for child in children:
        os.kill(child, signal.SIGKILL)
    os._exit(0)


def _serve(connection: socket.socket, answer: Answer) -> None:
    with connection:
        held = bytearray()
        while True:
            while (end := held.find(b"\r\n\r\n")) < 0:
                some = connection.recv(65536)
                if not some:
                    return
                held += some
            head = bytes(held[:end]).lower()
            body = bytearray(held[end + 4 :])
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(body) < length:
                got = len(body)
                body.extend(bytes(length - got))
                view = memoryview(body)
                while got < length:
                    count = connection.recv_into(view[got:])
                    if not count:
                        return
                    got += count
                view.release()
            held = body[length:]
            connection.sendall(_response(head, bytes(body[:length]), answer))


def _response(head: bytes, body: bytes, answer: Answer) -> bytes:
    if head.startswith(b"post"):
        text = answer(body, "json" if b"json" in head else "csv")
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    status = b"200 OK" if head.startswith(b"get /ping") else b"404 Not Found"
    return b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status


if __name__ == "__main__":
    main()
