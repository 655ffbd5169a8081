"""Runs AWS's own code for the tests: the applications of the scikit-learn and XGBoost containers.

    build/toolkits/bin/python tests/local/framework/aws_toolkit.py sklearn|xgboost

It runs in an environment that has sagemaker-containers (tests/local/clients/install toolkits) and none of our packages.
It reads requests as JSON, one per line, and writes answers in the same way. If CONTAINER_SOURCE names the folder `src`
of the container's repository, it uses the container's own package, which is not on a package index. Otherwise
`_transformer` below replaces its `serving.py`: twenty lines that pass four functions to sagemaker-containers.
"""

import base64
import collections
import collections.abc
import importlib
import json
import os
import sys
import types

# AWS's Dockerfiles patch the package in this way: it was written for Python 3.9
collections.Mapping = collections.abc.Mapping
# its C extension, which only training uses, is not built
sys.modules["gethostname"] = types.ModuleType("gethostname")


def application(framework):
    """Return the container's WSGI application."""
    sys.path.insert(0, os.environ["SAGEMAKER_SUBMIT_DIRECTORY"])
    if "CONTAINER_SOURCE" in os.environ:
        sys.path.append(os.environ["CONTAINER_SOURCE"])
        container = {"sklearn": "sagemaker_sklearn_container", "xgboost": "sagemaker_xgboost_container"}[
            framework
        ]
        return importlib.import_module(container + ".serving").main
    from sagemaker_containers.beta.framework import env, worker

    program = importlib.import_module(env.ServingEnv().module_name)
    transformer = _transformer(program, framework)
    transformer.initialize()
    parameters = getattr(program, "execution_parameters_fn", None) if framework == "sklearn" else None
    return worker.Worker(transformer.transform, module_name="program", execution_parameters_fn=parameters)


def _transformer(program, framework):
    import numpy as np
    from sagemaker_containers.beta.framework import content_types, encoders, transformer, worker

    def input_fn(data, content_type):
        if framework == "xgboost":
            raise NotImplementedError("the XGBoost container's own decoders are in its repository alone")
        array = encoders.decode(data, content_type)
        return array.astype(np.float32) if content_type in content_types.UTF8_TYPES else array

    def predict_fn(data, model):
        return model.predict(data) if framework == "sklearn" else model.predict(data, validate_features=False)

    def output_fn(prediction, accept):
        return worker.Response(encoders.encode(prediction, accept), mimetype=accept)

    functions = [getattr(program, name, None) for name in ("input_fn", "predict_fn", "output_fn")]
    model_fn = getattr(program, "model_fn", transformer.default_model_fn)
    if getattr(program, "transform_fn", None):
        if any(functions):
            raise ValueError(
                "Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn"
            )
        return transformer.Transformer(model_fn=model_fn, transform_fn=program.transform_fn)
    defaults = (input_fn, predict_fn, output_fn)
    return transformer.Transformer(model_fn, *(given or own for given, own in zip(functions, defaults)))


def main():
    """Answer each request of standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the code prints is not part of the answer
    from werkzeug.test import Client, EnvironBuilder

    client = Client(application(sys.argv[1]))
    for line in sys.stdin:
        request = json.loads(line)
        builder = EnvironBuilder(
            path=request["path"],
            method=request["method"],
            headers=request["headers"],
            data=base64.b64decode(request["body"]) if request["method"] == "POST" else None,
        )
        answer = client.open(builder)
        said = {
            "status": answer.status_code,
            "content_type": answer.headers.get("Content-Type"),
            "body": base64.b64encode(answer.data).decode(),
        }
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
