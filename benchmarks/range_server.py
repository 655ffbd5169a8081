"""Answers GetObject for objects of lines in memory, with ranges, as S3 does.

python range_server.py BYTES GZIP_BYTES. Prints its port. `lines` has that many bytes of CSV, `gzip` the other number,
compressed, and any other key has one row.
"""

from __future__ import annotations

import gzip
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ROW = b"customer-000001,12.5,0.25,7,0.0001,3.14159\n"


class Objects(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1024 * 1024
    bodies: dict[str, bytes] = {}  # noqa: RUF012  # set once, before the server starts

    def do_GET(self) -> None:  # http.server calls it so
        body = memoryview(self.bodies.get(self.path.rpartition("/")[2], _ROW))
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        part = body[int(found[1]) : int(found[2]) + 1] if found else body
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", '"9a0364b9e99bb480dd25e1f0284c8555"')
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    size, packed = int(sys.argv[1]), int(sys.argv[2])
    Objects.bodies = {
        "lines": _ROW * (size // len(_ROW)),
        "gzip": gzip.compress(_ROW * (packed // len(_ROW)), 6),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Objects)
    print(server.server_address[1], flush=True)  # noqa: T201 - for the benchmark
    server.serve_forever()
