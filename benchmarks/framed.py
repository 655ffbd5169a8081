"""RecordIO and TFRecord: the engine compared with a bare client, without filters, which binary records don't have."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from batch_transform.engine.framed import masked_crc
from benchmarks.clients import Job
from benchmarks.measure import Figures, bare_seconds, engine_seconds, median_ratio, model_server, recorded

_DATA = bytes(range(1, 10)) * 12  # 108 bytes, none of them a newline
_COUNTS = {"MultiRecord": 200_000, "SingleRecord": 20_000}


def recordio(data: bytes) -> bytes:
    """A record of MXNet's RecordIO."""
    return struct.pack("<II", 0xCED7230A, len(data)) + data + bytes(-len(data) % 4)


def tfrecord(data: bytes) -> bytes:
    """A record of TensorFlow's TFRecord."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        [length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data))]
    )


FRAMES: dict[str, Callable[[bytes], bytes]] = {"RecordIO": recordio, "TFRecord": tfrecord}


def framed(work: Path, *, rounds: int) -> list[Figures]:
    """Return microseconds a record, and the ratio to the bare client."""
    found: list[Figures] = []
    with model_server("constant") as port:
        for split_type, frame in FRAMES.items():
            for strategy, count in _COUNTS.items():
                source = work / f"{split_type}-{count}"
                source.mkdir(parents=True, exist_ok=True)
                (source / "part-0").write_bytes(frame(_DATA) * count)
                job = Job(
                    content_type="application/x-recordio-protobuf", strategy=strategy, split_type=split_type
                )
                bodies, outputs = recorded(job, source, port)
                engine, bare, cpu = [], [], []
                for _ in range(rounds):
                    bare.append(bare_seconds(job, bodies, outputs, port))
                    began = time.process_time()
                    engine.append(engine_seconds(job, source, port))
                    cpu.append(time.process_time() - began)
                found.append(
                    {
                        "input": f"{split_type} x {count:,}, 108 bytes each",
                        "strategy": strategy,
                        "records_per_second": round(count / median(engine)),
                        "cpu_us_per_record": median(cpu) / count * 1e6,
                        "ratio_to_bare_client": median_ratio(engine, bare),
                    }
                )
    return found
