"""Completion offers the right names, and imports nothing slow."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from nnlab import shipped
from nnlab.cli import completion
from nnlab.config import BASELINES, Experiment
from nnlab.datasets import MNIST_FAMILY
from nnlab.demos import DEMOS
from tests.laboratory import COMMAND

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

SLOW = ("numpy", "pydantic", "rich", "requests", "yaml", "tqdm", "sklearn", "nnlab.config", "nnlab.runs")
# As `python -m nnlab`, but with the slow modules that were read on stderr.
WATCHED = (
    "import atexit, sys; from nnlab.__main__ import main;"
    f"atexit.register(lambda: sys.stderr.write(' '.join(sorted({{*{SLOW}}} & {{*sys.modules}}))));"
    "sys.argv[0] = 'nnlab'; main()"
)


def offered(lab: Laboratory, *words: str, **variables: str) -> list[str]:
    """Return what bash offers for the last of the words after nnlab."""
    asked = {
        "_NNLAB_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["nnlab", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code, out, err = lab.run(sys.executable, "-c", WATCHED, **asked, **variables)
    assert (code, err) == (0, "")
    return out.split()


@pytest.fixture
def busy(lab: Laboratory) -> Laboratory:
    """A laboratory with runs, and with what lies among them."""
    for place in (
        *("runs/linear-001", "runs/linear-002", "runs/deep-001", "runs/empty", "other/toy-001"),
        *("runs/rates/abc-0", "runs/rates/abc-1"),
    ):
        (lab.folder / place).mkdir(parents=True)
        if "empty" not in place:
            (lab.folder / place / "config.yaml").touch()
    (lab.folder / "runs" / "notes.txt").touch()
    return lab


EXPERIMENT_KEYS = [f"{key}=" for key in Experiment.model_fields]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["demo", ""], list(DEMOS)),
        (["demo", "s"], ["step-function", "symmetric-step", "slow-learning"]),
        (["baseline", ""], list(BASELINES)),
        (["data", "verify", ""], list(MNIST_FAMILY)),
        (["data", "download", "mnist", "k"], ["kmnist"]),
        (["data", "path", "f"], ["fashion_mnist"]),
        (["eval", ""], ["deep-001", "linear-001", "linear-002"]),
        (["eval", "l"], ["linear-001", "linear-002"]),
        (["eval", "--runs", "other", ""], ["toy-001"]),
        (["eval", "--runs", "nosuch", ""], []),
        (["compare", "linear-001", "d"], ["deep-001"]),
        (["compare", "r"], ["rates"]),
        (["compare", "rates/"], ["rates/abc-0", "rates/abc-1"]),
        (["eval", "rates/"], ["rates/abc-0", "rates/abc-1"]),
        (["sweep", "xo"], ["xor"]),
        (["sweep", "xor", "e"], ["eta=", "epochs="]),
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
    busy: Laboratory, words: list[str], expected: list[str]
) -> None:
    assert offered(busy, *words) == expected


def test_runs_are_those_of_the_environment(busy: Laboratory) -> None:
    assert offered(busy, "eval", "", NNLAB_RUNS="other") == ["toy-001"]


def test_files_are_offered_below_a_folder_and_folders_only_among_them(busy: Laboratory) -> None:
    (busy.folder / "mine").mkdir()
    (busy.folder / "mine" / "deeper").mkdir()
    for name in ("a.yaml", "b.yml", "c.txt", ".d.yaml"):
        (busy.folder / "mine" / name).touch()
    assert offered(busy, "train", "mine/") == ["mine/a.yaml", "mine/b.yml", "mine/deeper/"]
    assert offered(busy, "train", "min") == [], "bash knows how to write a folder"
    assert offered(busy, "train", "nosuch/x") == []


@pytest.mark.parametrize(("shell", "looks"), [("zsh", '"{}"'), ("fish", "{}")])
def test_zsh_and_fish_are_offered_the_same(busy: Laboratory, shell: str, looks: str) -> None:
    done = busy.nnlab(
        _NNLAB_COMPLETE=f"complete_{shell}",
        _TYPER_COMPLETE_ARGS="nnlab train xor eta=0.1 mom",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert (done.code, done.err) == (0, "")
    assert looks.format("momentum=") in done.out
    assert "eta=" not in done.out


def test_bash_completes_after_the_script_is_sourced(busy: Laboratory) -> None:
    program = busy.folder / "bin" / "nnlab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(nnlab --show-completion)"; COMP_WORDS=(nnlab eval li); COMP_CWORD=2;'
        '_nnlab_completion nnlab; echo "${COMPREPLY[@]}"'
    )
    done = busy.run("bash", "-c", script, PATH=f"{program.parent}:{os.environ['PATH']}")
    assert done == (0, "linear-001 linear-002\n", "")


def test_what_cannot_be_read_offers_nothing(lab: Laboratory) -> None:
    (lab.folder / "runs").write_text("not a folder")
    assert offered(lab, "eval", "") == []
    assert offered(lab, "eval", "", NNLAB_RUNS="x" * 5000) == []
    assert offered(lab, "train", "x" * 5000 + "/") == []
    assert offered(lab, "train", "/proc/1/fd/") == []


@pytest.mark.usefixtures("run")
def test_the_listed_names_are_those_of_nnlab(lab: Laboratory) -> None:
    assert list(completion.EXPERIMENT) == list(Experiment.model_fields)
    assert list(completion.DATASETS) == list(MNIST_FAMILY)
    for method, model in BASELINES.items():
        keys = {*completion.BASELINE, *completion.BASELINES[method]}
        assert keys == {*model.model_fields} - {"name", "baseline"}
    assert list(completion.BASELINES) == list(BASELINES)
    header = lab.call("compare", "--all", "--format", "csv").out.splitlines()[0]
    assert list(completion.COLUMNS) == header.split(",")


def test_completion_can_be_switched_on(lab: Laboratory) -> None:
    done = lab.shell("nnlab --install-completion; echo $?")
    assert done.out.endswith("\n0\n")
    assert done.err == ""
    (script,) = (lab.folder / ".bash_completions").iterdir()
    assert f"source '{script}'" in (lab.folder / ".bashrc").read_text()
    assert "_NNLAB_COMPLETE" in script.read_text()
