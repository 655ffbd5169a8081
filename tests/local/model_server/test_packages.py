"""Packages in requirements.txt are installed by the real pip from handmade wheels, without a network."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_transform.local.model_server.packages import Install, NotInstalledError, Packages
from fakes.wheel import write_wheel
from patience import PATIENCE_SECONDS

Make = Callable[..., Install]
NO_INDEX = "--no-index\n--find-links wheels\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A code folder with wheels of two versions of a package, and of another package that requires it."""
    folder = tmp_path / "code"
    for version in ("1.0", "2.0"):
        write_wheel(folder / "wheels", "lopsided", version)
    write_wheel(folder / "wheels", "leaning", "1.0", requires="lopsided==1.0")
    return folder


def install(code: Path, text: str, *, beside: bool = True, **environment: str) -> Install:
    (code / "requirements.txt").write_text(text)
    return Install(
        code,
        run_in=code if beside else None,
        inside={"/opt/ml/model": code.parent, "/opt/ml/code": code},
        environment=environment,
    )


def installed(packages: Packages, wanted: Install, said: list[str] | None = None) -> Path:
    lines: list[str] = [] if said is None else said
    return packages.installed(wanted, lines.append, threading.Event())


def versions(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info"))


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{NO_INDEX}lopsided==1.0\n", ["lopsided-1.0"]),
        (f"{NO_INDEX}leaning  # and what it needs\n", ["leaning-1.0", "lopsided-1.0"]),
        (f"{NO_INDEX}lopsided \\\n  >=2\n", ["lopsided-2.0"]),
        ("./wheels/lopsided-2.0-py3-none-any.whl\n", ["lopsided-2.0"]),
        ("lopsided @ file:///opt/ml/code/wheels/lopsided-1.0-py3-none-any.whl\n", ["lopsided-1.0"]),
        ("/opt/ml/model/code/wheels/lopsided-1.0-py3-none-any.whl\n", ["lopsided-1.0"]),
        ("-r more/other.txt\n", ["lopsided-1.0"]),
        (f"{NO_INDEX}-c more/constraints.txt\nlopsided\n", ["lopsided-1.0"]),
        ("--no-index\n--find-links /opt/ml/model/code/wheels\nlopsided\n", ["lopsided-2.0"]),
        (f"{NO_INDEX}lopsided==${{WANTED}}\n", ["lopsided-1.0"]),
        (f"{NO_INDEX}lopsided; python_version < '3'\n", []),
    ],
)
def test_the_file_is_read_as_pip_reads_it(
    packages: Packages, code: Path, text: str, expected: list[str]
) -> None:
    (code / "more").mkdir()
    (code / "more/other.txt").write_text("--no-index\n--find-links ../wheels\nlopsided==1.0\n")
    (code / "more/constraints.txt").write_text("lopsided<2\n")
    assert versions(installed(packages, install(code, text, WANTED="1.0"))) == expected


def test_a_code_folder_with_a_setup_is_installed_too(packages: Packages, code: Path) -> None:
    """The container runs `pip install .` in it, and the setup.py may list packages."""
    backend(code, f"return {write_wheel(code / 'built', 'mine', '3.0').name!r}", moves="built")
    (code / "setup.py").touch()
    assert versions(installed(packages, install(code, f"{NO_INDEX}lopsided\n"))) == [
        "lopsided-2.0",
        "mine-3.0",
    ]
    (code / "requirements.txt").unlink()
    assert versions(installed(packages, Install(code, code, {}, {}))) == ["mine-3.0"]
    assert not Install(code, None, {}, {}).is_needed


def test_packages_of_this_program_are_not_installed_again(packages: Packages, code: Path) -> None:
    assert versions(installed(packages, install(code, "--no-index\nnumpy\nclick>=1\n"))) == []


def test_the_same_content_is_installed_once(packages: Packages, code: Path) -> None:
    said: list[str] = []
    first = installed(packages, install(code, f"{NO_INDEX}lopsided\n"), said)
    assert said[0] == "installing requirements.txt"
    assert said[-2] == "Successfully installed lopsided-2.0"
    assert said[-1].startswith("installed in ")
    said.clear()
    assert installed(packages, install(code, f"{NO_INDEX}lopsided\n"), said) == first
    assert said == []


def test_the_content_is_only_the_file_if_it_refers_to_nothing_else(code: Path) -> None:
    key = install(code, "lopsided==1.0\n").key
    (code / "inference.py").write_text("changed = True\n")
    assert install(code, "lopsided==1.0\n").key == key
    assert install(code, "lopsided==2.0\n").key != key


def test_files_that_it_refers_to_are_part_of_the_content(code: Path) -> None:
    wheel = "./wheels/lopsided-1.0-py3-none-any.whl\n"
    key = install(code, wheel).key
    write_wheel(code / "wheels", "lopsided", "1.0", source="changed = True\n")
    assert install(code, wheel).key != key
    assert install(code, "lopsided==${V}\n", V="1").key != install(code, "lopsided==${V}\n", V="2").key
    assert install(code, "lopsided\n", PIP_INDEX_URL="https://a").key != install(code, "lopsided\n").key


def test_a_container_that_runs_pip_elsewhere_finds_no_relative_path(packages: Packages, code: Path) -> None:
    wheel = "./wheels/lopsided-2.0-py3-none-any.whl\n"
    with pytest.raises(NotInstalledError, match=r"lopsided-2\.0-py3-none-any\.whl"):
        installed(packages, install(code, wheel, beside=False))
    absolute = f"/opt/ml/model/code{wheel.removeprefix('.')}"
    assert versions(installed(packages, install(code, absolute, beside=False))) == ["lopsided-2.0"]


def test_fails_with_pips_last_error_and_leaves_nothing(
    packages: Packages, code: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    with pytest.raises(NotInstalledError, match=r"^No matching distribution found for lopsided==9"):
        installed(packages, install(code, f"{NO_INDEX}lopsided==9\n"), said)
    assert any("from versions: 1.0, 2.0" in line for line in said)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_offline_uses_installed_packages_and_downloads_nothing(code: Path, tmp_path: Path) -> None:
    wanted = install(code, f"{NO_INDEX}lopsided\n")
    folder = installed(Packages(tmp_path / "cache"), wanted)
    offline = Packages(tmp_path / "cache", offline=True)
    assert installed(offline, wanted) == folder
    with pytest.raises(NotInstalledError, match="--offline allows no downloads: run once without it"):
        installed(offline, install(code, "tilted-nowhere\n"))
    with pytest.raises(NotInstalledError, match=r"^tilted @ https://example\.com/t\.whl must be downloaded"):
        installed(offline, install(code, "tilted @ https://example.com/t.whl\n"))


def test_a_model_without_a_network_installs_packages_next_to_its_code(packages: Packages, code: Path) -> None:
    isolated = Install(code, code, {}, {}, has_network=False)
    (code / "requirements.txt").write_text("--find-links wheels\nlopsided\n")
    assert versions(installed(packages, isolated)) == ["lopsided-2.0"]
    (code / "requirements.txt").write_text("tilted-nowhere\n")
    with pytest.raises(NotInstalledError, match="the model has EnableNetworkIsolation"):
        installed(packages, isolated)


def test_threads_with_the_same_requirements_install_them_once(packages: Packages, code: Path) -> None:
    wanted, said = install(code, f"{NO_INDEX}lopsided\n"), list[str]()
    folders: list[Path] = []
    threads = [
        threading.Thread(target=lambda: folders.append(installed(packages, wanted, said))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert len(folders) == 4
    assert sum(line.startswith("Successfully installed") for line in said) == 1


INSTALLER = """
import sys, threading
from pathlib import Path
from batch_transform.local.model_server.packages import Install, Packages
code, cache = map(Path, sys.argv[1:])
Packages(cache).installed(Install(code, code, {}, {}), print, threading.Event())
"""


def test_processes_with_the_same_requirements_install_them_once(code: Path, tmp_path: Path) -> None:
    install(code, f"{NO_INDEX}lopsided\n")
    command = [sys.executable, "-c", INSTALLER, str(code), str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = "".join(process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert said.count("Successfully installed lopsided-2.0") == 1


def test_fails_when_the_disk_is_full(
    packages: Packages, code: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("venv.EnvBuilder.create", no_space)
    with pytest.raises(
        NotInstalledError, match=r"No space left on device; packages are kept below /.*/cache"
    ):
        installed(packages, install(code, "lopsided\n"))
    assert not list((tmp_path / "cache").glob("*.part"))


def backend(project: Path, body: str, moves: str = "") -> None:
    """Turn a folder into a Python project that builds without dependencies."""
    project.mkdir(exist_ok=True)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own_build"\nbackend-path = ["."]\n'
    )
    move = f"[shutil.copy(file, folder) for file in pathlib.Path({moves!r}).iterdir()]" if moves else "pass"
    (project / "own_build.py").write_text(
        "import pathlib, shutil, time\n"
        f"def build_wheel(folder, config_settings=None, metadata_directory=None):\n    {move}\n    {body}\n"
    )


def slow_project(code: Path, started: Path) -> None:
    """A project in the code folder whose build never ends."""
    backend(code / "slow", f"pathlib.Path({str(started)!r}).touch(); time.sleep(600)")
    (code / "requirements.txt").write_text("--no-index\n./slow\n")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stopping_a_job_ends_its_installation(packages: Packages, code: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow_project(code, started)
    stop = threading.Event()

    def stop_once_started() -> None:
        wait_for(started)
        stop.set()

    threading.Thread(target=stop_once_started, daemon=True).start()
    said: list[str] = []
    with pytest.raises(NotInstalledError, match="the job was stopped"):
        packages.installed(Install(code, code, {}, {}), said.append, stop)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_leftovers_of_a_killed_process_do_not_matter(packages: Packages, code: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow_project(code, started)
    with subprocess.Popen([sys.executable, "-c", INSTALLER, str(code), str(tmp_path / "cache")]) as process:
        wait_for(started)
        process.kill()
    (part,) = (tmp_path / "cache").glob("*.part")
    wanted = install(code, f"{NO_INDEX}lopsided\n")
    part.rename(tmp_path / "cache" / f"{wanted.key}.part")
    assert versions(installed(packages, wanted)) == ["lopsided-2.0"]
    assert not list((tmp_path / "cache").glob("*.part"))


def test_fails_when_the_cache_is_not_writable(tmp_path: Path, code: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotInstalledError, match="set XDG_CACHE_HOME to a writable folder"):
        installed(Packages(tmp_path / "file"), install(code, "lopsided\n"))
