"""What a shell is offered at Tab: the right names, from modules that are quick to read."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nnlab import shipped
from nnlab.cli import completion
from nnlab.config import BASELINES, Experiment
from nnlab.datasets import FAMILY
from nnlab.demos import DEMOS

from .conftest import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Outcome

SLOW = ("numpy", "pydantic", "rich", "requests", "yaml", "tqdm", "sklearn", "nnlab.config", "nnlab.runs")
# As `python -m nnlab`, but with the slow modules that were read on stderr.
WATCHED = (
    "import atexit, sys; from nnlab.__main__ import main;"
    f"atexit.register(lambda: sys.stderr.write(' '.join(sorted({{*{SLOW}}} & {{*sys.modules}}))));"
    "sys.argv[0] = 'nnlab'; main()"
)


def offered(folder: Path, *words: str, **variables: str) -> list[str]:
    """Return what bash offers for the last of the words after nnlab."""
    asked = {
        "_NNLAB_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["nnlab", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        cwd=folder,
        env=environment(folder, **asked, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.fixture
def busy_desk(desk: Path) -> Path:
    """A working directory with runs, and with what lies among them."""
    for place in ("runs/linear-001", "runs/linear-002", "runs/deep-001", "runs/empty", "other/toy-001"):
        (desk / place).mkdir(parents=True)
        if "empty" not in place:
            (desk / place / "config.yaml").touch()
    (desk / "runs" / "notes.txt").touch()
    return desk


EXPERIMENT_KEYS = [f"{key}=" for key in Experiment.model_fields]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["demo", ""], list(DEMOS)),
        (["demo", "s"], ["step-function", "symmetric-step", "slow-learning"]),
        (["baseline", ""], list(BASELINES)),
        (["data", "verify", ""], list(FAMILY)),
        (["data", "download", "mnist", "k"], ["kmnist"]),
        (["data", "path", "f"], ["fashion_mnist"]),
        (["eval", ""], ["deep-001", "linear-001", "linear-002"]),
        (["eval", "l"], ["linear-001", "linear-002"]),
        (["eval", "--runs", "other", ""], ["toy-001"]),
        (["eval", "--runs", "nosuch", ""], []),
        (["compare", "linear-001", "d"], ["deep-001"]),
        (["train", "--resume", "de"], ["deep-001"]),
        (["train", "--resume", "deep-001", ""], ["epochs=", "patience="]),
        (["train", "--resume", "deep-001", "e"], ["epochs=", "epochs=…"]),
        (["train", "--resume", "deep-001", "epochs", "=", "3", ""], ["patience=", "patience=…"]),
        (["train", "line"], ["line", "linear.yaml"]),
        (["train", "mnist_s"], [name for name in shipped.configs() if name.startswith("mnist_s")]),
        (["config", "show", "xo"], ["xor"]),
        (["config", "check", "xor", "linear.y"], ["linear.yaml"]),
        (["gradcheck", "xo"], ["xor"]),
        (["train", "xor", ""], EXPERIMENT_KEYS),
        (["train", "xor", "e"], ["eta=", "epochs="]),
        (["train", "xor", "eta", "=", "0.1", "e"], ["epochs=", "epochs=…"]),
        (["train", "xor", "eta", "=", "s"], []),
        (["train", "xor", "activation", "="], []),
        (["config", "check", "xor", "xor", "pat"], ["patience=", "patience=…"]),
        (["baseline", "svm_rbf", "p"], ["penalty=", "penalty=…"]),
        (["baseline", "linear", "p"], []),
        (["compare", "--sort", "val_"], ["val_accuracy", "val_loss"]),
        (["compare", "--columns", "run,e"], ["run,eta", "run,epochs", "run,epochs_done"]),
        (["compare", "--columns", "run,ru"], []),
        (["eval", "--split", "t"], ["test", "train"]),
        (["ev"], ["eval"]),
        (["train", "xor", "--res"], ["--resume"]),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_bash_is_offered_the_names_that_fit_and_nothing_slow_is_imported(
    busy_desk: Path, words: list[str], expected: list[str]
) -> None:
    assert offered(busy_desk, *words) == expected


def test_runs_are_those_of_the_environment(busy_desk: Path) -> None:
    assert offered(busy_desk, "eval", "", NNLAB_RUNS="other") == ["toy-001"]


def test_files_are_offered_below_a_folder_and_folders_only_among_them(busy_desk: Path) -> None:
    (busy_desk / "mine").mkdir()
    (busy_desk / "mine" / "deeper").mkdir()
    for name in ("a.yaml", "b.yml", "c.txt", ".d.yaml"):
        (busy_desk / "mine" / name).touch()
    assert offered(busy_desk, "train", "mine/") == ["mine/a.yaml", "mine/b.yml", "mine/deeper/"]
    assert offered(busy_desk, "train", "min") == [], "bash knows how to write a folder"
    assert offered(busy_desk, "train", "nosuch/x") == []


@pytest.mark.parametrize(("shell", "looks"), [("zsh", '"{}"'), ("fish", "{}")])
def test_zsh_and_fish_are_offered_the_same(busy_desk: Path, shell: str, looks: str) -> None:
    done = subprocess.run(
        COMMAND,
        cwd=busy_desk,
        env=environment(
            busy_desk,
            _NNLAB_COMPLETE=f"complete_{shell}",
            _TYPER_COMPLETE_ARGS="nnlab train xor eta=0.1 mom",
            _TYPER_COMPLETE_FISH_ACTION="get-args",
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert looks.format("momentum=") in done.stdout
    assert "eta=" not in done.stdout


def test_bash_itself_completes_once_it_is_told_to(busy_desk: Path) -> None:
    program = busy_desk / "bin" / "nnlab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(nnlab --show-completion)"; COMP_WORDS=(nnlab eval li); COMP_CWORD=2;'
        '_nnlab_completion nnlab; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=busy_desk,
        env=environment(busy_desk, PATH=f"{program.parent}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("linear-001 linear-002\n", "")


def test_what_cannot_be_read_offers_nothing(desk: Path) -> None:
    (desk / "runs").write_text("not a folder")
    assert offered(desk, "eval", "") == []
    assert offered(desk, "eval", "", NNLAB_RUNS="x" * 5000) == []
    assert offered(desk, "train", "x" * 5000 + "/") == []
    assert offered(desk, "train", "/proc/1/fd/") == []


@pytest.mark.usefixtures("with_run")
def test_the_names_that_stand_there_are_those_of_nnlab(call: Callable[..., Outcome]) -> None:
    assert list(completion.EXPERIMENT) == list(Experiment.model_fields)
    assert list(completion.DATASETS) == list(FAMILY)
    for method, model in BASELINES.items():
        keys = {*completion.BASELINE, *completion.BASELINES[method]}
        assert keys == {*model.model_fields} - {"name", "baseline"}
    assert list(completion.BASELINES) == list(BASELINES)
    header = call("compare", "--all", "--format", "csv").out.splitlines()[0]
    assert list(completion.COLUMNS) == header.split(",")


def test_completion_can_be_switched_on(desk: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} --install-completion; echo $?"],
        cwd=desk,
        env=environment(desk),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.endswith("\n0\n")
    assert done.stderr == ""
    (script,) = (desk / ".bash_completions").iterdir()
    assert f"source '{script}'" in (desk / ".bashrc").read_text()
    assert "_NNLAB_COMPLETE" in script.read_text()
