from __future__ import annotations

import resource
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from batch_transform.local.open_files import allow_many
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
allow_many()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (256, 4096, 4096),  # a terminal on macOS has 256
        (256, 512, 512),
        (512, 512, 512),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_the_system_allows(
    soft: int, hard: int, after: int
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip(f"this system allows fewer than {hard} open files")
    program = [sys.executable, "-c", PROGRAM, str(soft), str(hard)]
    printed = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert printed.split() == [str(after), str(hard)]
