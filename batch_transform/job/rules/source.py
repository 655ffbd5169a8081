"""Check that a container finds its code or model in the folder that a job packs, and can install its requirements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from batch_transform.job.errors import Problem
from batch_transform.job.model.framework_containers import (
    DEFAULT_PROGRAM,
    PROGRAM,
    FrameworkContainer,
    module_of,
)
from batch_transform.job.model.requirements_file import REQUIREMENTS, Requirements
from batch_transform.job.model.source_folder import SourceFolder
from batch_transform.job.values.wording import listed, shown

# Packages that the images contain in some version (requirements.txt of aws/sagemaker-scikit-learn-container and
# aws/sagemaker-xgboost-container, the Deep Learning Containers' pages). pip downloads nothing for them unless the file
# asks for another version.
_IN_EVERY_IMAGE = frozenset(
    {
        "boto3",
        "botocore",
        "certifi",
        "cryptography",
        "gevent",
        "gunicorn",
        "flask",
        "werkzeug",
        "jinja2",
        "markupsafe",
        "itsdangerous",
        "click",
        "jmespath",
        "joblib",
        "matplotlib",
        "multi-model-server",
        "numpy",
        "packaging",
        "pandas",
        "pillow",
        "pip",
        "protobuf",
        "psutil",
        "pyarrow",
        "python-dateutil",
        "pytz",
        "pyyaml",
        "requests",
        "retrying",
        "s3transfer",
        "sagemaker-containers",
        "sagemaker-inference",
        "sagemaker-training",
        "scikit-learn",
        "scipy",
        "setuptools",
        "six",
        "threadpoolctl",
        "tzdata",
        "urllib3",
        "wheel",
    }
)
_IN_THE_IMAGE = {
    "xgboost": frozenset({"xgboost", "dask", "numba", "llvmlite"}),
    "pytorch": frozenset(
        {
            "torch",
            "torchvision",
            "torchaudio",
            "torchserve",
            "torch-model-archiver",
            "sagemaker-pytorch-inference",
        }
    )
    | frozenset({"opencv-python", "typing-extensions", "filelock", "sympy", "networkx", "fsspec", "cython"}),
    "huggingface": frozenset(
        {
            "torch",
            "torchvision",
            "torchaudio",
            "transformers",
            "datasets",
            "tokenizers",
            "diffusers",
            "tensorflow",
        }
    )
    | frozenset(
        {"huggingface-hub", "accelerate", "sentence-transformers", "sagemaker-huggingface-inference-toolkit"}
    ),
    "mxnet": frozenset({"mxnet", "sagemaker-mxnet-inference"}),
}
# Other packages of the scikit-learn and XGBoost images: dependencies of the above, the images' own packages, and what
# Miniconda and older Python versions include.
_BESIDE = frozenset(
    {
        "attr",
        "attrs",
        "bcrypt",
        "cffi",
        "chardet",
        "charset-normalizer",
        "conda",
        "cycler",
        "dask",
        "distutils",
    }
    | {"enum34", "future", "google", "greenlet", "idna", "imp", "importlib-metadata", "inotify-simple"}
    | {"importlib-resources", "kiwisolver", "mlio", "mms", "model-archiver", "narwhals", "nacl", "paramiko"}
    | {"pkg-resources", "pyparsing", "ruamel", "sagemaker-algorithm-toolkit", "sagemaker-sklearn-container"}
    | {"sagemaker-xgboost-container", "smdebug", "smdebug-rulesconfig", "tabulate", "toolz", "tqdm"}
    | {"typing-extensions", "zope"}
)
_DISTRIBUTIONS = {"PIL": "pillow", "dateutil": "python-dateutil", "sklearn": "scikit-learn", "yaml": "pyyaml"}


def source_problems(
    field: str,
    folder: SourceFolder,
    container: FrameworkContainer,
    env: Mapping[str, str],
    *,
    isolated: bool,
    in_vpc: bool,
) -> Iterator[Problem]:
    """Check a model's folder as its container will find it, unpacked. `env` is the container's environment."""
    if container.is_algorithm_mode(env):
        yield from _booster(field, folder)
        return
    if found := list(_code(field, folder, container, env)):
        yield from found
    elif folder.requirements is not None:
        yield from requirements_problems(
            field,
            str(PurePosixPath(folder.code) / REQUIREMENTS),
            folder.requirements,
            container,
            isolated=isolated,
            in_vpc=in_vpc,
        )
    elif REQUIREMENTS in folder.files and folder.code != ".":
        yield Problem(
            "requirements-beside-code",
            field,
            f"{shown(folder.name)} has {REQUIREMENTS} at its top, but the {container.title} container installs only "
            f"{folder.code}/{REQUIREMENTS}; move the file into {folder.code}/",
            severity="warning",
        )
    elif missing := _not_in_image(folder, container):
        yield Problem(
            "import-not-in-image",
            field,
            f"{module_of(env.get(PROGRAM, DEFAULT_PROGRAM))}.py imports {listed(missing)}, which the {container.title} "
            "image is not known to contain, even if this machine does; add the package to "
            f"{PurePosixPath(folder.code) / REQUIREMENTS}",
            severity="warning",
        )


def requirements_problems(
    field: str,
    file: str,
    asked: Requirements,
    container: FrameworkContainer,
    *,
    isolated: bool,
    in_vpc: bool,
) -> Iterator[Problem]:
    """Check that the container can install the requirements in `file` when it starts.

    Without a network the installation fails and the container never responds to a ping (sagemaker-python-sdk issues
    1071 and 3954), unless the image already has a suitable version of each package. This program doesn't
    know the versions in an image.
    """
    if not asked.needs_network:
        return
    names = listed(asked.needs_network)
    if isolated:
        present = _IN_EVERY_IMAGE | _IN_THE_IMAGE.get(container.framework, frozenset())
        missing = [name for name in asked.needs_network if name not in present | asked.perhaps]
        unless = "" if missing else ", unless the image already has a suitable version of each"
        yield Problem(
            "requirements-with-isolation",
            field,
            f"{file} requires {listed(missing) if missing else names}, which the container installs with pip when it "
            "starts; with model.enable_network_isolation it has no network, so the container fails and never responds "
            f"to a ping{unless}; put the wheels into the code folder and write --no-index and --find-links in the "
            "file, or leave enable_network_isolation out",
            severity="error" if missing else "warning",
        )
    elif in_vpc:
        yield Problem(
            "requirements-in-vpc",
            field,
            f"{file} requires {names}, which the container installs with pip when it starts; if the subnets of "
            "model.vpc_config cannot reach the package index, it fails and never responds to a ping; check that they "
            "have a NAT gateway, or name your own index with --index-url",
            severity="warning",
        )


def _not_in_image(folder: SourceFolder, container: FrameworkContainer) -> list[str]:
    """Return imports of the script that the image is not known to contain, for images whose package list is public."""
    if not container.fetches_code or folder.is_project:
        return []
    present = _IN_EVERY_IMAGE | _IN_THE_IMAGE.get(container.framework, frozenset()) | _BESIDE
    return sorted(
        name
        for name in folder.imports
        if _DISTRIBUTIONS.get(name, name.replace("_", "-").lower()) not in present
    )


def _booster(field: str, folder: SourceFolder) -> Iterator[Problem]:
    """Without a script, the XGBoost container loads every file at the model's top as a booster (serve_utils.py)."""
    files = sorted(name for name in folder.files if not name.startswith("."))
    if not files:
        yield Problem(
            "source-without-model",
            field,
            f"{shown(folder.name)} has neither code/{DEFAULT_PROGRAM} nor a model file; add xgboost-model, which the "
            f"XGBoost container loads without a script, or code/{DEFAULT_PROGRAM} with model_fn, or name another "
            f"script with {PROGRAM} in env",
        )
    elif others := [name for name in files if name.endswith(_NO_BOOSTER)]:
        yield Problem(
            "source-with-other-files",
            field,
            f"{shown(folder.name)} has {listed(others)} next to the model; without code/{DEFAULT_PROGRAM} the XGBoost "
            "container loads every file there as a model, and fails; move them to another folder",
        )


_NO_BOOSTER = (".py", ".md", ".txt", ".csv", ".yaml", ".yml", ".ipynb", ".sh", ".toml", ".cfg")


def _code(
    field: str, folder: SourceFolder, container: FrameworkContainer, env: Mapping[str, str]
) -> Iterator[Problem]:
    program = env.get(PROGRAM, DEFAULT_PROGRAM)
    module = module_of(program)
    first, dot, _ = module.partition(".")
    if first in folder.packages or (not dot and module in folder.modules):
        return
    if module == module_of(DEFAULT_PROGRAM) and _loads_by_itself(container, folder):
        return
    path = PurePosixPath(folder.code) / f"{module}.py"
    if "/" in module:
        fix = (
            f"{PROGRAM} is a module name without a path; put the script into {folder.code}/, and write "
            f"{shown(path.name)}"
        )
    elif program == DEFAULT_PROGRAM:
        fix = f"add it, or name another script with {PROGRAM} in env"
    else:
        fix = f"add it, or correct {PROGRAM}"
    yield Problem(
        "source-without-code",
        field,
        f"{shown(folder.name)} has no {path}, which the {container.title} container loads (model_fn, input_fn, "
        f"predict_fn, output_fn); {fix}",
    )


def _loads_by_itself(container: FrameworkContainer, folder: SourceFolder) -> bool:
    """Whether a container works without a script: PyTorch's loads a TorchScript file if there is exactly one."""
    if container.framework != "pytorch":
        return container.framework in {"huggingface", "mxnet"}  # these recognize a model by its files
    return "model.pt" in folder.files or sum(name.endswith((".pt", ".pth")) for name in folder.files) == 1
