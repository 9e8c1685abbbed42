"""Common mistakes get one line that says what to write instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnlab.runs.lock import locked
from nnlab.runs.run import Run
from tests.laboratory import DIVERGING

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

NO_RUN = (
    "nnlab: no run in runs can be resumed: all are finished, diverged or being trained; "
    "to train a finished one for longer, use --resume epochs=N\n"
)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("train linear.yaml --epochs 5", "no option --epochs; config keys are written epochs=5"),
        ("train --epochs 5 linear.yaml", "no option --epochs; config keys are written epochs=5"),
        ("train linear.yaml --eta=5", "no option --eta; config keys are written eta=5"),
        ("train linear.yaml --lr 0.1", "no option --lr; config keys are written eta=0.1"),
        ("train linear.yaml -lr 0.1", "no option -lr; config keys are written eta=0.1"),
        ("train linear.yaml --learning-rate 1", "no option --learning-rate; config keys are written eta=1"),
        ("train linear.yaml --batch-size=8", "no option --batch-size; config keys are written batch_size=8"),
        ("train linear.yaml --patiance 3", "no option --patiance; config keys are written patience=3"),
        ("train linear.yaml --seed", "no option --seed; config keys are written seed=VALUE"),
        ("train linear.yaml --eta -1", "no option --eta; config keys are written eta=-1"),
        ("train linear.yaml --eta --json", "no option --eta; config keys are written eta=VALUE"),
        ("train --resume x --epochs 9", "no option --epochs; config keys are written epochs=9"),
        ("gradcheck linear.yaml --seed 1", "no option --seed; config keys are written seed=1"),
        ("config check linear.yaml --eta 1", "no option --eta; config keys are written eta=1"),
        ("baseline knn --train-size 9", "no option --train-size; config keys are written train_size=9"),
        ("train linear.yaml --thread 2", "no option --thread; did you mean --threads?"),
        ("train linear.yaml --device cuda", "no option --device; nnlab computes on the CPU; "),
        ("train linear.yaml -x", "no option -x; see `nnlab train --help`"),
        ("eval --epochs 5", "no option --epochs; see `nnlab eval --help`"),
        ("--nosuch", "no option --nosuch; see `nnlab --help`"),
        ("train linear.yaml --json=yes", "--json takes no value"),
        ("compare --top", "--top needs a value: --top N"),
        ("eval --split", "--split needs a value: --split test, validation or train"),
        ("gradcheck", "CONFIG is missing; see `nnlab gradcheck --help`"),
        ("config check", "CONFIG is missing; see `nnlab config check --help`"),
        ("eval --fail-under 97", "--fail-under takes a number from 0 to 1 (given 97); did you mean 0.97?"),
        ("eval --fail-under 98.5%", "from 0 to 1 (given '98.5%'); did you mean 0.985?"),
        ("eval --fail-under 970", "--fail-under takes a number from 0 to 1 (given 970)\n"),
        ("eval --fail-under 1.5", "--fail-under takes a number from 0 to 1 (given 1.5)\n"),
        ("eval --fail-under nan%", "--fail-under takes a number from 0 to 1 (given 'nan%')\n"),
        ("eval --fail-under=-1", "--fail-under takes a number from 0 to 1 (given -1)"),
        ("eval --split tests", "(given tests); did you mean test?"),
        ("gradcheck linear.yaml --tolerance x", "--tolerance takes a number of at least 0 (given x)"),
        ("help", "no command help; did you mean --help?"),
        ("mnist_softmax", "no command mnist_softmax; train a config with `nnlab train mnist_softmax`"),
        ("compare --foo", "no option --foo; see `nnlab compare --help`"),
        ("train linear.yaml --resum", "no option --resum; did you mean --resume?"),
        ("train linear.yaml --patience=None", "no option --patience; config keys are written patience=null"),
        ("eval --split val", "--split takes test, validation or train (given val); did you mean validation?"),
        ("demo slow", "no demo slow; did you mean slow-learning?"),
        ("baseline nearest_neighbours k=3", "command line: k: unknown key; did you mean neighbours?"),
        ("baseline svm_rbf C=3", "command line: C: unknown key; did you mean penalty?"),
        ("train linear.yaml eta = 0.1", "command line: eta: write eta=0.1, without spaces"),
        ("train linear.yaml --resume", "--resume uses the config of the run; leave out linear.yaml"),
        (
            "gradcheck linear.yaml --tolerance 0",
            "--tolerance has to be above 0: no gradient is free of rounding",
        ),
        ("evaluate", "no command evaluate; did you mean eval?"),
        (
            "configs/xor.yaml",
            "no command configs/xor.yaml; train a config with `nnlab train configs/xor.yaml`",
        ),
        ("config chek", "no command chek; did you mean check?"),
        ("demo xnor", "no demo xnor; did you mean xor?"),
        ("baseline svm", "no baseline svm; did you mean svm_rbf?"),
        ("data verify fashion", "no dataset fashion; did you mean fashion_mnist?"),
        ("data path mnsit", "no dataset mnsit; did you mean mnist?"),
        ("compare --sort accuracy", "no column 'accuracy'; did you mean val_accuracy?"),
        ("compare --sort=-acc", "no column 'acc'; did you mean val_accuracy?"),
        ("compare --columns run,time", "no column 'time'; did you mean seconds?"),
    ],
)
@pytest.mark.usefixtures("run")
def test_a_mistake_is_reported_in_one_line(lab: Laboratory, line: str, says: str) -> None:
    refused = lab.call(*line.split())
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert refused.err.startswith(("nnlab: ", "command line: "))
    assert says in refused.err
    for word in ("Input", "Value error", "valid", "No such", "Possible", "Invalid", "<=", "Got"):
        assert word not in refused.err.replace("validation", "")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("linear", "no run linear, neither as a path nor in runs; did you mean linear-002?"),
        ("runs/linear", "no run runs/linear, neither as a path nor in runs; did you mean linear-002?"),
        ("lin", "no run lin, neither as a path nor in runs; did you mean linear-002?"),
        ("liner-001", "no run liner-001, neither as a path nor in runs; did you mean linear-001?"),
        ("linear.yaml", "linear.yaml is a config, not a run; train it first with `nnlab train linear.yaml`"),
        ("xor", "xor is a config, not a run; train it first with `nnlab train xor`"),
        ("runs/linear-001/best.npz", "; did you mean runs/linear-001?"),
        ("runs/linear-001/config.yaml", "; did you mean runs/linear-001?"),
        ("zzz", ": a run is a folder with a config.yaml or summary.json; `nnlab compare` lists them"),
    ],
)
@pytest.mark.parametrize("command", [["eval"], ["compare"], ["train", "--resume"]])
def test_a_name_that_is_not_a_run_gets_a_hint(
    lab: Laboratory, run: Path, command: list[str], named: str, says: str
) -> None:
    shutil.copytree(run, run.with_name("linear-002"), copy_function=shutil.copy)
    refused = lab.call(*command, named)
    assert (refused.code, refused.out) == (5, "")
    assert refused.err.endswith(f"{says}\n")
    assert refused.err.count("\n") == 1


def interrupt(run: Path, name: str) -> Path:
    """Make a copy of a run that was interrupted after its last epoch but two."""
    copy = Path(shutil.copytree(run, run.with_name(name), copy_function=shutil.copy))
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("epochs: 3\n", "epochs: 5\n"))
    summary = json.loads((copy / "summary.json").read_text())
    (copy / "summary.json").write_text(
        json.dumps(summary | {"status": "interrupted", "stop_reason": "interrupted"})
    )
    return copy


@pytest.mark.parametrize("options", [[], ["-q"], ["--json", "-q"]])
def test_resume_alone_goes_on_with_the_newest_run_that_can(
    lab: Laboratory, run: Path, options: list[str]
) -> None:
    interrupt(run, "older-001")
    interrupt(run, "newer-001")
    lab.call("train", "linear.yaml", "epochs=1", "--name", "finished")
    lab.call("train", "linear.yaml", *DIVERGING, "--name", "diverged")
    lab.call("baseline", "mean_darkness", "train_size=100", "validation_size=100")
    with locked(Run(interrupt(run, "claimed-001"))):
        resumed = lab.call("train", "--resume", *options)
    assert resumed.code == 0
    summary = json.loads((run.parent / "newer-001/summary.json").read_text())
    assert (summary["status"], summary["epochs"]) == ("finished", 5)
    assert resumed.out.startswith("{" if "--json" in options else "runs/newer-001\n")
    if not options:
        assert resumed.err.startswith("Resuming runs/newer-001 after epoch 3\n")


@pytest.mark.usefixtures("run")
def test_with_more_epochs_resume_alone_takes_a_finished_run_as_well(lab: Laboratory) -> None:
    assert lab.call("train", "--resume") == (5, "", NO_RUN)
    assert lab.call("train", "--resume", "epochs=4", "-q") == (0, "runs/linear-001\n", "")
    assert lab.call("train", "epochs=5", "-q", "--resume") == (0, "runs/linear-001\n", "")
    assert lab.summary()["epochs"] == 5
    assert lab.call("train", "--resume=linear-001", "epochs=6", "-q").out == "runs/linear-001\n"
    assert lab.call("train", "--resume", "linear-001", "epochs=7", "-q").out == "runs/linear-001\n"
    assert lab.summary()["epochs"] == 7


def test_a_run_whose_path_has_an_equals_sign_is_not_an_override(lab: Laboratory, run: Path) -> None:
    (lab.folder / "eta=1").mkdir()
    run.rename(lab.folder / "eta=1" / "linear-001")
    resumed = lab.call("train", "--resume", "eta=1/linear-001", "epochs=4", "-q")
    assert resumed == (0, "eta=1/linear-001\n", "")


def test_resume_without_runs_says_so_and_an_empty_name_is_not_the_newest(lab: Laboratory) -> None:
    assert lab.call("train", "--resume").err.startswith("nnlab: no runs in runs; train one with ")
    (lab.folder / "runs").mkdir()
    for empty in (["--resume="], ["--resume", ""]):
        assert lab.call("train", *empty) == (5, "", "nnlab: the name of the run is empty\n")
