from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from batch_transform.local.up import LocalAws

ROWS = b"id-1,2,3\nid-2,5,6\n"
JOINED = b"id-1,2\nid-2,2\n"


def test_a_job_filters_scores_and_joins(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS, "b/c.csv": ROWS})
    assert lab.run(lab.request(lab.model(), bucket))["TransformJobStatus"] == "Completed"
    assert lab.keys(bucket) == ["out/a.csv.out", "out/b/c.csv.out"]
    assert lab.body(bucket, "out/b/c.csv.out") == JOINED


def test_a_job_writes_the_streams_that_aws_writes(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS}))
    job = request["TransformJobName"]
    lab.run(request)
    (line,) = lab.log_lines(job, "/data-log")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: "
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD",
        line,
    )
    assert "invoked with 8 bytes" in lab.log_lines(job)
    assert json.loads(lab.log_lines(job, "/progress")[-1]) == {
        "records": 2,
        "objects_done": 1,
        "objects_failed": 0,
        "bytes_read": len(ROWS),
        "result_lines": 2,
        "uneven_objects": 0,
        "empty_answers": 0,
        "byte_order_marks": 0,
        "changed_number": None,
    }


def test_the_next_job_of_a_model_has_only_its_own_container_lines(lab: Any) -> None:
    model, bucket = lab.model(), lab.bucket(**{"a.csv": ROWS})
    jobs = [lab.request(model, bucket) for _ in range(2)]
    for job in jobs:
        lab.run(job)
    lines = lab.log_lines(jobs[1]["TransformJobName"])
    assert lines.count("invoked with 8 bytes") == 1
    assert not any("/ping" in line for line in lines)


def test_a_container_gets_the_environment_of_the_contract(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    model = lab.model("environment", Environment={"MINE": "model", "ONLY_MODEL": "yes"})
    request = lab.request(
        model, bucket, Environment={"MINE": "job"}, MaxPayloadInMB=7, BatchStrategy="SingleRecord"
    )
    del request["DataProcessing"]
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    environment = json.loads(lab.body(bucket, "out/a.csv.out"))
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "7"
    assert environment["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in environment
    assert (environment["MINE"], environment["ONLY_MODEL"]) == ("job", "yes")
    assert environment["AWS_ENDPOINT_URL"] == lab.aws.endpoint_url


def test_a_containers_execution_parameters_apply(lab: Any) -> None:
    parameters = {"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    model = lab.model(Environment={"EXECUTION_PARAMETERS": json.dumps(parameters)})
    request = lab.request(model, lab.bucket(**{"a.csv": ROWS}), MaxPayloadInMB=5)
    lab.run(request)
    (line,) = lab.log_lines(request["TransformJobName"], "/data-log")
    assert line.endswith(": MaxConcurrentTransforms=3, MaxPayloadInMB=5, BatchStrategy=SINGLE_RECORD")


def test_a_job_of_a_model_that_answers_500_fails_as_on_aws(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    client_config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}
    request = lab.request(lab.model("fail"), bucket, ModelClientConfig=client_config)
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: See job logs for more information"
    lines = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any(
        line.endswith(f": {bucket}/in/a.csv: Bad HTTP status received from algorithm: 500") for line in lines
    )
    assert any(line.endswith("no such feature") for line in lines)
    assert lab.keys(bucket) == []


def test_the_log_of_a_job_whose_model_does_not_answer_has_awss_line_and_then_the_reason(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    client_config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 1}
    request = lab.request(lab.model("hang"), bucket, ModelClientConfig=client_config)
    assert lab.run(request)["FailureReason"] == "AlgorithmError: See job logs for more information"
    _, *lines = lab.log_lines(request["TransformJobName"], "/data-log")
    assert [line.partition(f": {bucket}/in/a.csv: ")[2] for line in lines] == [
        "Model server did not respond to /invocations request within 1 seconds",
        "the request with line 1 of the object (2 bytes) got no answer: no complete answer within 1 s; raise "
        "InvocationsTimeoutInSeconds (transform.invocations_timeout_in_seconds), or send less in a request",
    ]


def test_a_job_of_a_model_that_answers_400_is_the_clients_fault(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    described = lab.run(lab.request(lab.model("refuse"), bucket))
    assert described["FailureReason"] == "ClientError: See job logs for more information"
    assert lab.keys(bucket) == []


def test_a_stopped_job_leaves_no_output_though_its_model_hangs(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    name = lab.start(lab.request(lab.model("hang"), bucket))
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    described = lab.wait(name)
    assert described["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in described
    assert lab.keys(bucket) == []
    assert lab.open_uploads(bucket) == []


def test_a_stopped_job_aborts_the_upload_that_it_has_open(lab: Any, until: Callable[..., None]) -> None:
    big = lab.bucket(**{"a.csv": b"".join(b"x" * 999_999 + b"\n" for _ in range(40))})
    request = lab.request(lab.model("slow"), big, BatchStrategy="SingleRecord")
    del request["DataProcessing"]
    name = lab.start(request)
    until(lambda: len(lab.open_uploads(big)) == 1)
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    assert lab.wait(name)["TransformJobStatus"] == "Stopped"
    assert lab.open_uploads(big) == []
    assert lab.keys(big) == []


def test_a_large_output_is_uploaded_in_parts_and_is_complete(lab: Any) -> None:
    body = b"".join(b"%07d," % number + b"x" * 1_000 + b"\n" for number in range(20_000))
    bucket = lab.bucket(**{"a.csv": body})
    request = lab.request(lab.model("echo"), bucket)
    del request["DataProcessing"]
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == body
    assert (
        "-" in lab.s3.head_object(Bucket=bucket, Key="out/a.csv.out")["ETag"]
    )  # the mark of a multipart upload


def test_a_model_server_that_ends_at_once_fails_the_job_and_shows_why(lab: Any) -> None:
    request = lab.request(lab.model("break"), lab.bucket(**{"a.csv": ROWS}))
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith(
        "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
        "responds with an HTTP 200 status code"
    )
    assert "exit code 1" in described["FailureReason"]
    assert lab.log_lines(request["TransformJobName"]) == ["ImportError: no module named churn"]


def test_a_model_server_that_does_not_answer_its_ping_fails_the_job(make_lab: Callable[..., Any]) -> None:
    with LocalAws(ping_timeout=3.0) as aws:
        lab = make_lab(aws)
        described = lab.run(lab.request(lab.model("silent"), lab.bucket(**{"a.csv": ROWS})))
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: Model container failed to respond to ping.")
    assert "no answer within 3 s" in described["FailureReason"]


def test_an_unmapped_image_fails_the_job_and_says_what_to_map(lab: Any) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1"
    described = lab.run(lab.request(lab.model(image=image), lab.bucket(**{"a.csv": ROWS})))
    assert described["TransformJobStatus"] == "Failed"
    assert image in described["FailureReason"]
    assert "--images" in described["FailureReason"]


def test_a_missing_model_archive_fails_the_job(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": ROWS})
    url = f"s3://{bucket}/model.tar.gz"
    described = lab.run(lab.request(lab.model(ModelDataUrl=url), bucket))
    assert described["FailureReason"].startswith(f"ClientError: Failed to download model data from {url}")


def test_missing_capacity_fails_the_job_with_awss_error(lab: Any) -> None:
    resources = {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1}
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS}), TransformResources=resources)
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"] == (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML "
        "instance type."
    )


def test_a_list_with_a_range_fails_the_running_job_as_on_aws(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": ROWS}))
    request["DataProcessing"] = {"InputFilter": "$[0:1,2:]"}
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    lines = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any("only single range filters of format (eg: [1:5]) are supported" in line for line in lines)


def test_each_container_of_a_pipeline_gets_the_answer_of_the_one_before(lab: Any) -> None:
    model = lab.pipeline(
        {"BEHAVIOUR": "count"}, {"BEHAVIOUR": "count", "ANSWER_TYPE": "text/plain"}, {"BEHAVIOUR": "headers"}
    )
    bucket = lab.bucket(**{"a.csv": ROWS})
    assert lab.run(lab.request(model, bucket))["TransformJobStatus"] == "Completed"
    # each row has two cells left: the first container answers 2, the second 1 (cell), the last its headers
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,text/plain|text/csv|1\nid-2,text/plain|text/csv|1\n"


def test_a_container_before_the_last_is_not_asked_for_a_type(lab: Any) -> None:
    model = lab.pipeline({"BEHAVIOUR": "headers"}, {"BEHAVIOUR": "echo"})
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n"})
    lab.run(lab.request(model, bucket))
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,text/csv|None|2\n"


def test_the_first_container_of_a_pipeline_gives_the_execution_parameters(lab: Any) -> None:
    parameters = {"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    model = lab.pipeline({"EXECUTION_PARAMETERS": json.dumps(parameters)}, {"BEHAVIOUR": "echo"})
    request = lab.request(model, lab.bucket(**{"a.csv": ROWS}))
    lab.run(request)
    assert "MaxConcurrentTransforms=3" in lab.log_lines(request["TransformJobName"], "/data-log")[0]


def test_each_container_of_a_pipeline_has_a_log_stream_of_its_own(lab: Any) -> None:
    request = lab.request(
        lab.pipeline({"BEHAVIOUR": "count"}, {"BEHAVIOUR": "echo"}), lab.bucket(**{"a.csv": ROWS})
    )
    lab.run(request)
    job = request["TransformJobName"]
    assert "invoked with 8 bytes" in lab.log_lines(job, "/container-1")
    assert "invoked with 4 bytes" in lab.log_lines(job, "/container-2")


def test_a_pipeline_ends_with_the_container_that_refuses(lab: Any) -> None:
    model = lab.pipeline({"BEHAVIOUR": "refuse"}, {"BEHAVIOUR": "hang"})
    request = lab.request(model, lab.bucket(**{"a.csv": ROWS}))
    assert lab.run(request)["FailureReason"] == "ClientError: See job logs for more information"
    lines = lab.log_lines(request["TransformJobName"], "/data-log")
    assert any(line.endswith("not a number") for line in lines)


def test_a_pipeline_with_a_container_that_does_not_start_fails_and_shows_why(lab: Any) -> None:
    model = lab.pipeline({"BEHAVIOUR": "echo"}, {"BEHAVIOUR": "break"})
    described = lab.run(lab.request(model, lab.bucket(**{"a.csv": ROWS})))
    assert described["FailureReason"].startswith("AlgorithmError: Model container failed to respond to ping.")


def test_a_stopped_job_leaves_none_of_the_outputs_that_it_had_finished(
    lab: Any, until: Callable[..., None]
) -> None:
    bucket = lab.bucket(**{"a.csv": b"1\n", "b.csv": b"2\n", "c.csv": b"hang\n"})
    lab.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    lab.s3.put_object(Bucket=bucket, Key="out/a.csv.out", Body=b"of an earlier job")
    request = lab.request(lab.model("hang-on-mark"), bucket)
    del request["DataProcessing"]
    name = lab.start(request)
    until(lambda: lab.keys(bucket) == ["out/a.csv.out", "out/b.csv.out"])
    assert lab.body(bucket, "out/a.csv.out") == b"1\n"
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    assert lab.wait(name)["TransformJobStatus"] == "Stopped"
    assert lab.keys(bucket) == ["out/a.csv.out"]
    assert lab.body(bucket, "out/a.csv.out") == b"of an earlier job"


def test_a_failed_job_keeps_the_outputs_that_it_had_finished(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n", "b.csv": b'id-1,a"b\n'})
    assert lab.run(lab.request(lab.model(), bucket))["TransformJobStatus"] == "Failed"
    assert lab.keys(bucket) == ["out/a.csv.out"]


def test_a_running_server_serves_a_job(lab: Any) -> None:
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ping" else 404)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(dict(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"yes\nno\n")

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bucket = lab.bucket(**{"a.csv": ROWS})
        described = lab.run(lab.request(lab.model(image=f"http://127.0.0.1:{server.server_port}"), bucket))
        server.shutdown()
    assert described["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,yes\nid-2,no\n"
    assert (seen[0]["Content-Type"], seen[0]["Accept"]) == ("text/csv", "text/csv")
