"""The measurements: each function is one of the points of docs/how-it-works/speed.md and returns its figures."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from benchmarks.clients import BareClient, FileStore, Job, Recorded, in_pieces, run_bare, run_engine, run_lean
from benchmarks.inputs import make

ROOT = Path(__file__).resolve().parents[1]
CSV_FILTERS = {"input_filter": "$[1:]", "join": True, "output_filter": "$[0,-1]"}
JSON_FILTERS = {"input_filter": "$.features", "join": True, "output_filter": "$['id','SageMakerOutput']"}
JSON_TYPE = "application/jsonlines"
Figures = dict[str, Any]


@contextmanager
def model_server(answer: str, *, workers: int = 1) -> Iterator[int]:
    """Run a model server of the benchmark; yield its port."""
    command = [sys.executable, "-m", "benchmarks.model_server", "--answer", answer, "--workers", str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def engine_seconds(job: Job, source: Path, port: int) -> float:
    """Return the seconds of the engine on files, with the invoker of the local SageMaker."""
    with (
        tempfile.TemporaryDirectory() as output,
        closing(HttpInvoker(f"http://127.0.0.1:{port}")) as invoker,
    ):
        return run_engine(job, FileStore(source, Path(output)), invoker)


def median_ratio(slower: list[float], faster: list[float]) -> float:
    return round(median([one / other for one, other in zip(slower, faster, strict=True)]), 2)


def against_bare_client(work: Path, *, rounds: int) -> list[Figures]:
    """Point 2: time, compared with a client that only posts the same bodies and writes the same output."""
    found: list[Figures] = []
    for answer in ("constant", "rows"):
        with model_server(answer) as port:
            for kind, count, job in _bare_cases(answer):
                source = make(work, kind, count)
                bodies, outputs = recorded(job, source, port)
                engine, bare, lean, engine_cpu, bare_cpu = [], [], [], [], []
                for _ in range(rounds):
                    began = time.process_time()
                    bare.append(bare_seconds(job, bodies, outputs, port))
                    bare_cpu.append(time.process_time() - began)
                    lean.append(bare_seconds(job, bodies, outputs, port, client=run_lean))
                    began = time.process_time()
                    engine.append(engine_seconds(job, source, port))
                    engine_cpu.append(time.process_time() - began)
                found.append(
                    {
                        "input": f"{kind} x {count:,}",
                        "model": answer,
                        "strategy": job.strategy,
                        "filters": f"{job.input_filter} {job.output_filter}" if job.join else "none",
                        "requests": len(bodies),
                        "bare_seconds": round(median(bare), 3),
                        "engine_seconds": round(median(engine), 3),
                        "bare_cpu_us_per_record": median(bare_cpu) / count * 1e6,
                        "engine_cpu_us_per_record": median(engine_cpu) / count * 1e6,
                        "ratio": median_ratio(engine, bare),
                        "ratio_to_bare_client_with_our_http": median_ratio(engine, lean),
                        "target": 1.15 if job.strategy == "SingleRecord" else 1.5,
                    }
                )
    return found


def _bare_cases(answer: str) -> Iterator[tuple[str, int, Job]]:
    json_job = Job(content_type=JSON_TYPE)
    for strategy, narrow, others in (("SingleRecord", 20_000, 10_000), ("MultiRecord", 1_000_000, 200_000)):
        yield "narrow", narrow, Job(strategy=strategy)
        yield "narrow", narrow, Job(strategy=strategy, **CSV_FILTERS)
        yield "wide", others // 2, Job(strategy=strategy, **CSV_FILTERS)
        yield "jsonl", others, replace(json_job, strategy=strategy, **JSON_FILTERS)
        if answer == "constant" and strategy == "MultiRecord":
            yield "quoted", others, Job(strategy=strategy, **CSV_FILTERS)


def bare_seconds(
    job: Job, bodies: list[bytes], outputs: list[bytes], port: int, *, client: BareClient = run_bare
) -> float:
    """Return the seconds of the bare client on finished bodies and outputs."""
    with tempfile.TemporaryDirectory() as folder:
        return client(port, job.content_type, bodies, outputs, Path(folder) / "out")


def recorded(job: Job, source: Path, port: int) -> tuple[list[bytes], list[bytes]]:
    """Return the bodies that the engine posts for a job, and the part of the output that belongs to each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(HttpInvoker(f"http://127.0.0.1:{port}")) as invoker,
    ):
        recorder = Recorded(invoker)
        run_engine(job, FileStore(source, Path(folder)), recorder)
        (output,) = Path(folder).iterdir()
        return recorder.bodies, in_pieces(output.read_bytes(), recorder.bodies)


def scaling(work: Path, *, largest: int) -> list[Figures]:
    """Point 3: microseconds a record, from ten thousand records on."""
    found = []
    with model_server("constant") as port:
        count = 10_000
        while count <= largest:
            source = make(work, "narrow", count)
            took = median([engine_seconds(Job(**CSV_FILTERS), source, port) for _ in range(3)])
            found.append({"records": count, "seconds": round(took, 3), "us_per_record": took / count * 1e6})
            count *= 10
    return found


def concurrency(work: Path, *, rounds: int) -> list[Figures]:
    """Point 3: one request at a time and two, with a model that computes, on a core for each request."""
    source = make(work, "wide", 100_000)
    found = []
    with model_server("rows", workers=2) as port:
        for strategy, kind, count in (("MultiRecord", "wide", 100_000), ("SingleRecord", "narrow", 20_000)):
            source = make(work, kind, count)
            job = Job(strategy=strategy, max_payload=1, **CSV_FILTERS)
            one, two = [], []
            for _ in range(rounds):
                one.append(engine_seconds(job, source, port))
                two.append(engine_seconds(replace(job, concurrent=2), source, port))
            found.append(
                {
                    "input": f"{kind} x {count:,}",
                    "strategy": strategy,
                    "one_at_a_time_seconds": round(median(one), 3),
                    "two_at_a_time_seconds": round(median(two), 3),
                    "speedup": median_ratio(one, two),
                }
            )
    return found


def start_up(*, rounds: int) -> list[Figures]:
    """Point 4: one small file through the local SageMaker service, from CreateTransformJob to Completed."""
    import boto3  # noqa: PLC0415 - only this point needs it

    with model_server("constant") as model_port, _local_aws() as url:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        s3, sagemaker = (boto3.client(name, endpoint_url=url, **keys) for name in ("s3", "sagemaker"))
        s3.create_bucket(Bucket="bench")
        s3.put_object(Bucket="bench", Key="in/a.csv", Body=b"1,2,3\n" * 100)
        sagemaker.create_model(
            ModelName="bench",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/bench",
            PrimaryContainer={"Image": f"http://127.0.0.1:{model_port}"},
        )
        seconds = [_service_seconds(sagemaker, f"bench-{number}") for number in range(rounds)]
    return [{"jobs": rounds, "median_seconds": round(median(seconds), 3), "target": 0.3}]


def _service_seconds(sagemaker: Any, name: str) -> float:  # noqa: ANN401 - boto3 makes clients at run time
    request = {**Job(**CSV_FILTERS).request(), "ModelName": "bench", "TransformJobName": name}
    began = time.perf_counter()
    sagemaker.create_transform_job(
        **request, TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1}
    )
    while True:
        job = sagemaker.describe_transform_job(TransformJobName=name)
        if job["TransformJobStatus"] == "Completed":
            return time.perf_counter() - began
        if job["TransformJobStatus"] != "InProgress":
            raise RuntimeError(f"the job ended {job['TransformJobStatus']}: {job.get('FailureReason')}")
        time.sleep(0.005)


@contextmanager
def _local_aws() -> Iterator[str]:
    command = [Path(sys.executable).parent / "batch-transform", "local", "up", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            for line in process.stdout:
                if line.startswith("ready: "):
                    yield line.removeprefix("ready: ").strip()
                    break
        finally:
            process.terminate()


def memory(*, gibibytes: float) -> list[Figures]:
    """Peak memory of a process that runs the engine over a large input. See `benchmarks.memory`."""
    found = []
    for payload, filters in ((6, "none"), (6, "join"), (100, "none"), (100, "join")):
        command = [sys.executable, "-m", "benchmarks.memory", str(gibibytes), str(payload), filters]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=1800)
        found.append(
            {
                "input_gib": gibibytes,
                "MaxPayloadInMB": payload,
                "filters": filters,
                "peak_mib": int(done.stdout),
                "target": 300,
            }
        )
    return found
