"""What helps when a model's code does not start here, and does in its container."""

from __future__ import annotations

import re
from pathlib import Path

from batch_transform.local.framework.settings import StartError

_MODEL_FOLDER = re.compile(r"/opt/ml\b")


def hints(error: BaseException) -> list[str]:
    """Return what to say about an error after its traceback: the error itself, where it is ours, and what to do."""
    chain = _chain(error)
    said = [str(each) for each in chain if isinstance(each, StartError)]
    for each in chain:
        if isinstance(each, ModuleNotFoundError) and each.name:
            said.append(
                f"the model's code imports {each.name}, and this Python has no such module. The local AWS runs "
                "the code in its own Python: install the package there, or name it in code/requirements.txt"
            )
        if isinstance(each, OSError) and _MODEL_FOLDER.search(f"{each.filename} {each}"):
            said.append(
                "/opt/ml/model is where a container has the model's folder. Here it is another one: the argument of "
                "model_fn, and SM_MODEL_DIR in the environment, name it in both"
            )
        if (
            isinstance(each, FileNotFoundError)
            and each.filename
            and not Path(str(each.filename)).is_absolute()
        ):
            said.append(
                f"{each.filename} is a relative path, and a container's working directory has none of your folders: "
                "start from model_dir for a file of the model, and from Path(__file__).parent for one beside the script"
            )
    return list(dict.fromkeys(said))


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found
