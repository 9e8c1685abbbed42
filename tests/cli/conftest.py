"""nnlab as its users meet it: a process of its own, in an empty folder, with a small config."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from nnlab.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = [sys.executable, "-m", "nnlab"]
DATA = Path(__file__).parents[2] / "data" / "MNIST" / "raw"
CONFIG = """\
dataset: mnist
architecture: [784, 10]
activation: identity
output: softmax
loss: log_likelihood
eta: 0.1
batch_size: 64
epochs: 3
patience: 5
seed: 0
train_size: 1000
validation_size: 1000
"""
# With this the loss of a deep network is not finite after an epoch.
DIVERGING = ("architecture=[784,20,20,20,10]", "activation=relu", "eta=1e6")


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


def environment(home: Path, **variables: str) -> dict[str, str]:
    """What a user's shell exports: nothing that steers nnlab or its looks, unless in `variables`."""
    steering = ("NNLAB_", "PYTHON", "TTY_", "TQDM_", "XDG_")
    looks = (
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "COLUMNS",
        "LINES",
        "TERM",
        "_TYPER_FORCE_DISABLE_TERMINAL",
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(steering) and name not in looks
    }
    return kept | {"HOME": str(home), "LANG": "C.UTF-8"} | variables


def run_nnlab(
    folder: Path,
    *arguments: str,
    stdin: str = "",
    preexec_fn: Callable[[], None] | None = None,
    **variables: str,
) -> Outcome:
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(folder, **variables),
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=preexec_fn,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def shell(folder: Path, line: str) -> Outcome:
    """Run a line of shell, in which nnlab is this one, and a pipe fails if any of it does."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("nnlab", " ".join(COMMAND), 1)],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def start_nnlab(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start nnlab, to be sent a signal or to be looked at meanwhile; its streams are pipes."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def heed_permissions() -> None:
    """Let what this process executes heed the modes of files, as root does not unless it lacks two powers."""
    drop_from_bounding_set, override, read_search = 24, 1, 2
    libc = ctypes.CDLL(None)  # of Linux; elsewhere the tests are not run as root
    for capability in (override, read_search) if hasattr(libc, "prctl") else ():
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)


def what_came_of(run: Path) -> tuple[dict[str, object], list[list[str]]]:
    """Return the summary and the metrics of a run, without times."""
    summary = json.loads((run / "summary.json").read_text())
    rows = [line.split(",")[:-1] for line in (run / "metrics.csv").read_text().splitlines()[1:]]
    return summary | {"seconds": None}, rows


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A working directory that holds linear.yaml and nothing else."""
    (tmp_path / "linear.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def nnlab(desk: Path) -> Callable[..., Outcome]:
    """Run nnlab as a process of its own."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Outcome:
        return run_nnlab(desk, *arguments, stdin=stdin, **variables)

    return run


@pytest.fixture
def as_a_user(desk: Path) -> Callable[..., Outcome]:
    """Run nnlab as somebody to whom permissions apply, which is not so for root."""

    def run(*arguments: str) -> Outcome:
        return run_nnlab(desk, *arguments, preexec_fn=heed_permissions)

    return run


@pytest.fixture
def call(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run nnlab within this process, which is quicker, where a process of its own adds nothing."""
    monkeypatch.chdir(desk)
    for variable in [name for name in os.environ if name.startswith("NNLAB_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["nnlab", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        return Outcome(exit_.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A working directory with one finished run, not to be changed, and how its training ended."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "linear.yaml").write_text(CONFIG)
    return folder, run_nnlab(folder, "train", "linear.yaml")


@pytest.fixture
def with_run(first: tuple[Path, Outcome], desk: Path) -> Path:
    """A copy of the finished run in the working directory of this test."""
    return Path(shutil.copytree(first[0] / "runs" / "linear-001", desk / "runs" / "linear-001"))
