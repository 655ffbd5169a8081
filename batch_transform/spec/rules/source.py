"""Whether a container finds its code or model in the folder that a job packs, and can install what that asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from batch_transform.spec.framework_containers import DEFAULT_PROGRAM, PROGRAM, FrameworkContainer, module_of
from batch_transform.spec.problem import Problem
from batch_transform.spec.requirements_file import REQUIREMENTS, Requirements
from batch_transform.spec.rules.shape import shown
from batch_transform.spec.source_folder import SourceFolder

# Present in the images, in some version (requirements.txt of aws/sagemaker-scikit-learn-container and
# aws/sagemaker-xgboost-container, the Deep Learning Containers' pages): pip then has nothing to download, unless the
# version is another one.
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
# What comes with those in the scikit-learn and XGBoost images: what they depend on, the images' own packages, and what
# Miniconda and older Pythons have.
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
    """Check a model's folder as its container will find it, packed. `env` is the container's environment."""
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
            f"{shown(folder.name)} has {REQUIREMENTS}, and the {container.title} container installs what "
            f"{folder.code}/{REQUIREMENTS} asks for, and no other; move the file into {folder.code}/",
            severity="warning",
        )
    elif missing := _not_in_image(folder, container):
        yield Problem(
            "import-not-in-image",
            field,
            f"{module_of(env.get(PROGRAM, DEFAULT_PROGRAM))}.py imports {_some(missing)}, which the "
            f"{container.title} image does not have as far as is known here, whatever this machine has; name what it "
            f"needs in {PurePosixPath(folder.code) / REQUIREMENTS}",
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
    """Check whether the container can install what `file` asks for when it starts.

    Without a network that fails and no ping is answered (sagemaker-python-sdk issues 1071 and 3954), unless the
    image has each package already, in a version that will do. Which versions it has is not known here.
    """
    if not asked.needs_network:
        return
    names = _some(asked.needs_network)
    if isolated:
        present = _IN_EVERY_IMAGE | _IN_THE_IMAGE.get(container.framework, frozenset())
        missing = [name for name in asked.needs_network if name not in present | asked.perhaps]
        unless = "" if missing else ", unless what it needs is there already in a version that will do"
        yield Problem(
            "requirements-with-isolation",
            field,
            f"{file} asks for {_some(missing) if missing else names}, which the container installs with pip when it "
            "starts; with model.enable_network_isolation it has no network, so the container fails and never answers "
            f"a ping{unless}; put the wheels into the code folder and write --no-index and --find-links in the file, "
            "or leave enable_network_isolation out",
            severity="error" if missing else "warning",
        )
    elif in_vpc:
        yield Problem(
            "requirements-in-vpc",
            field,
            f"{file} asks for {names}, which the container installs with pip when it starts; unless the subnets of "
            "model.vpc_config reach the package index, it fails and never answers a ping; check that they have a NAT "
            "gateway, or name an index of your own with --index-url",
            severity="warning",
        )


def _not_in_image(folder: SourceFolder, container: FrameworkContainer) -> list[str]:
    """Return what the script imports and nothing is known to bring, in images whose repository lists their packages."""
    if not container.fetches_code or folder.is_project:
        return []
    present = _IN_EVERY_IMAGE | _IN_THE_IMAGE.get(container.framework, frozenset()) | _BESIDE
    return sorted(
        name
        for name in folder.imports
        if _DISTRIBUTIONS.get(name, name.replace("_", "-").lower()) not in present
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")


def _booster(field: str, folder: SourceFolder) -> Iterator[Problem]:
    """Without a script XGBoost's container loads every file at the model's top as a booster (serve_utils.py)."""
    files = sorted(name for name in folder.files if not name.startswith("."))
    if not files:
        yield Problem(
            "source-without-model",
            field,
            f"{shown(folder.name)} has no code/{DEFAULT_PROGRAM} and no model file beside it; add xgboost-model, which "
            f"the XGBoost container loads by itself, or code/{DEFAULT_PROGRAM} with model_fn, or name another script "
            f"with {PROGRAM} in env",
        )
    elif others := [name for name in files if name.endswith(_NO_BOOSTER)]:
        yield Problem(
            "source-with-other-files",
            field,
            f"{shown(folder.name)} has {_some(others)} beside the model; without code/{DEFAULT_PROGRAM} the XGBoost "
            "container loads each file there as a model, and fails; keep them in another folder",
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
            f"{PROGRAM} is the name of a module, without folders; put the script into {folder.code}/, and write "
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
    """Whether a container needs no script: PyTorch's loads the one TorchScript file that there is."""
    if container.framework != "pytorch":
        return container.framework in {"huggingface", "mxnet"}  # these load what they know by its files
    return "model.pt" in folder.files or sum(name.endswith((".pt", ".pth")) for name in folder.files) == 1
