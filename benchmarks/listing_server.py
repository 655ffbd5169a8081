"""Answers ListObjectsV2 for buckets of many objects, a page of a thousand keys at a time, as S3 writes it.

python listing_server.py PORT OBJECTS. The bucket `out` has the results of all objects except every tenth.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from threading import Thread
from urllib.parse import parse_qs, urlsplit

_PAGE = 1000


class Listing(BaseHTTPRequestHandler):
    """The token of a page is the number of its first object."""

    protocol_version = "HTTP/1.1"
    objects = 0

    def do_GET(self) -> None:  # http.server calls it so
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        bucket = address.path.strip("/")
        first = int(query.get("continuation-token", ["0"])[0])
        page = list(islice(self._keys(bucket, first), _PAGE + 1))
        is_truncated = len(page) > _PAGE
        following = f"<NextContinuationToken>{page[-1][0]}</NextContinuationToken>" if is_truncated else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><Prefix>churn/</Prefix>{following}<KeyCount>{min(len(page), _PAGE)}</KeyCount>"
            f"<MaxKeys>{_PAGE}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>"
            f"{''.join(text for _, text in page[:_PAGE])}</ListBucketResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _keys(self, bucket: str, first: int) -> Iterator[tuple[int, str]]:
        ending = ".out" if bucket == "out" else ""
        for number in range(first, self.objects):
            if ending and number % 10 == 0:
                continue
            yield (
                number,
                f"<Contents><Key>churn/year%3D2026/month%3D11/part-{number:08}.png{ending}</Key>"
                "<LastModified>2026-11-22T02:00:00.000Z</LastModified>"
                "<ETag>&quot;9a0364b9e99bb480dd25e1f0284c8555&quot;</ETag>"
                "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
                f"<Size>{1000 + number % 1000}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            )

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


def _end_with_parent() -> None:
    sys.stdin.read()  # until the parent closes it, or has ended
    os._exit(0)


def main(port: str, objects: str) -> None:
    Listing.objects = int(objects)
    with HTTPServer(("127.0.0.1", int(port)), Listing) as server:
        print("listens", flush=True)  # noqa: T201  # the parent process waits for it
        Thread(target=_end_with_parent, daemon=True).start()
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
