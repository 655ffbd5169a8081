"""Words that must not come back: riddles, archaisms and the second name of an idea, each with what to write instead."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
INSTEAD = {
    r"mend(s|ed|ing)?": "fix",
    r"reckon(s|ed|ing)?": "estimate, calculate",
    r"thereof|whereof|wherein|therein|hereby|whence|thence|whilst|albeit": "a short sentence",
    r"hence": "so",
    r"and the like": "such as, with examples",
    r"whichever it be": "nothing",
    r"rungs?": "the instance type in use",
    r"fates?": "stop_result",
    r"as well as may be": "best effort",
    r"(nobody|no one) (could|can) tell( us)?|nobody knows": "not documented",
    r"may be meant": "may be intentional",
    r"so long after": "how long after",
    r"anew": "again",
    r"knows? no resources?": "doesn't support resource-level permissions",
    r"goes on|go on": "continues; of a run: is in progress",
    r"who is told|who are told|tells nobody|whom it tells": "who is notified",
    r"unless told": "Default: ...",
    r"is there already": "already exists",
    r"what became of": "the outcome of",
    r"what is no": "what is not a",
}
NOT_OURS = {
    "LICENSE": "Apache's words",
    "dependencies.lock": "names of packages",
    "package-lock.json": "names of packages",
    "CHANGELOG.md": "releases that are out keep their words",
    "tests/repository/test_words.py": "the list itself",
}
ALLOWED = {
    ("tests/local/emulator/storage/test_objects.py", "whence"): "a parameter of Python's seek()",
    ("lambda/report/diagnosis.py", "fate"): "the name that release 0.1 gave to stop_result",
    ("tests/lambda_functions/test_diagnosis.py", "fate"): "as above",
}
ANY = re.compile(rf"\b({'|'.join(f'(?:{word})' for word in INSTEAD)})\b", re.IGNORECASE)


def tracked() -> list[str]:
    """Return the files of the checkout that git knows; of an unpacked release there is nothing to check."""
    if not (PROJECT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - found on the PATH
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and name not in NOT_OURS]


def spoken(text: str) -> str:
    """Return the text with the words of names apart: `test_a_mend` and `mendWord` hold words too."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("_", " "))


def test_words_that_are_gone_stay_gone() -> None:
    found = []
    for name in tracked():
        path = PROJECT / name
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, or a model's weights
        for number, line in enumerate(text.splitlines(), 1):
            for match in ANY.finditer(spoken(line)):
                if (name, match[0].lower()) not in ALLOWED:
                    instead = next(to for word, to in INSTEAD.items() if re.fullmatch(word, match[0], re.I))
                    found.append(f"{name}:{number}: {match[0]!r}: write {instead}")
    assert found == []


@pytest.mark.parametrize(
    "word", ["mended", "a_rung_of", "theFate", "Hence the", "the run goes on", "is_told_anew"]
)
def test_a_word_is_found_in_texts_and_in_names(word: str) -> None:
    assert ANY.search(spoken(word))
