"""A model server that SageMaker can run in a container. It uses only the standard library.

    GET  /ping                    200 once the model is loaded
    GET  /execution-parameters    settings for jobs that leave them out
    POST /invocations             records in the request body, one answer for each of them in the response

SageMaker unpacks model.tar.gz to /opt/ml/model and calls port 8080. On your own machine, `batch-transform run` sets
two variables: where the model is, and which port to listen on.
"""

import csv
import json
import math
import operator
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL_FOLDER = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
# On your own machine, the server accepts only local connections.
HOST = "127.0.0.1" if "SAGEMAKER_BIND_TO_PORT" in os.environ else ""

EXECUTION_PARAMETERS = {
    "MaxConcurrentTransforms": os.cpu_count(),
    "BatchStrategy": "MULTI_RECORD",
    "MaxPayloadInMB": 6,
}


class Model:
    """A logistic regression, from the numbers that training/train_penguins.py saves."""

    def __init__(self, folder):
        parameters = json.loads((folder / "parameters.json").read_text(encoding="utf-8"))
        self.mean, self.scale = parameters["mean"], parameters["scale"]
        self.species = parameters["species"]
        self.weights = list(zip(parameters["coefficients"], parameters["intercepts"]))

    def predict(self, measurements):
        """Return the most likely species of one penguin, and its probability."""
        if len(measurements) != len(self.mean):
            raise ValueError(f"{len(measurements)} columns, expected {len(self.mean)}")
        scaled = [(value - mean) / scale for value, mean, scale in zip(measurements, self.mean, self.scale)]
        scores = [sum(map(operator.mul, row, scaled)) + intercept for row, intercept in self.weights]
        likelihoods = [math.exp(score - max(scores)) for score in scores]
        likeliest = max(likelihoods)
        return self.species[likelihoods.index(likeliest)], likeliest / sum(likelihoods)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open for the next request

    def do_GET(self):
        if self.path == "/ping":
            self.respond(200, "")
        elif self.path == "/execution-parameters":
            self.respond(200, json.dumps(EXECUTION_PARAMETERS), "application/json")
        else:
            self.respond(404, f"nothing at {self.path}\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self.respond(404, f"nothing at {self.path}\n")
        elif self.headers.get_content_type() != "text/csv":
            self.respond(415, f"this model reads text/csv, not {self.headers.get_content_type()}\n")
        else:
            try:
                answer = "".join(map(answer_line, csv.reader(body.decode().splitlines())))
            except ValueError as error:  # SageMaker fails the file after a 4xx, and retries after a 5xx
                self.respond(400, f"{error}\n")
            else:
                self.respond(200, answer, "text/csv")

    def respond(self, status, text, content_type="text/plain"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Don't log requests: a job sends thousands, which would fill its log."""


def answer_line(row):
    species, probability = MODEL.predict([float(cell) for cell in row])
    return f"{probability:.4f},{species}\n"


if __name__ == "__main__":
    MODEL = Model(MODEL_FOLDER)
    ThreadingHTTPServer((HOST, PORT), Handler).serve_forever()
