"""`nnlab baseline`: a run folder that eval and compare treat like that of a network."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

SIZES = ("train_size=1000", "validation_size=1000")


@pytest.fixture
def fitted(lab: Laboratory) -> Path:
    assert lab.call("baseline", "linear", *SIZES, "-q") == (0, "runs/linear-001\n", "")
    return lab.folder / "runs/linear-001"


def test_the_folder_is_that_of_a_run(fitted: Path) -> None:
    assert {path.name for path in fitted.iterdir()} == {
        "config.yaml",
        "metrics.csv",
        "best.npz",
        "summary.json",
        "environment.json",
    }
    summary = json.loads((fitted / "summary.json").read_text())
    assert (summary["status"], summary["epochs"], summary["val_loss"]) == ("finished", 0, None)
    assert (summary["parameters"], summary["train_examples"]) == (7850, 1000)
    assert summary["best_value"] == summary["val_accuracy"] > 0.6
    with np.load(fitted / "best.npz", allow_pickle=False) as archive:
        assert archive["weights"].shape == (10, 784)


@pytest.mark.parametrize("split", ["test", "validation", "train"])
def test_it_is_evaluated_as_any_run(lab: Laboratory, fitted: Path, split: str) -> None:
    measured = json.loads(lab.call("eval", "--json", "--split", split).out)
    assert measured["examples"] == {"test": 10_000, "validation": 1000, "train": 1000}[split]
    assert measured["loss"] is None
    assert len(measured["confusion"]) == len(measured["per_class"]) == 10
    if split == "validation":
        assert measured["accuracy"] == json.loads((fitted / "summary.json").read_text())["val_accuracy"]
    assert "loss      –" in lab.call("eval", "--split", split).out


@pytest.mark.usefixtures("fitted")
def test_a_baseline_has_no_last_epoch_and_can_be_below_a_threshold(lab: Laboratory) -> None:
    assert lab.call("eval", "--checkpoint", "last").code == 2
    assert lab.call("eval", "--fail-under", "0.99").code == 6


@pytest.mark.usefixtures("fitted")
def test_networks_and_baselines_stand_in_one_table(lab: Laboratory) -> None:
    lab.call("train", "linear.yaml", "--name", "network")
    lab.call("train", "linear.yaml", "eta=0.2", "--name", "network")
    lab.call("baseline", "mean_darkness", *SIZES)
    lab.call("eval", "network-001")
    table = lab.call("compare", "--format", "csv").out.splitlines()
    assert table[0].startswith("run,eta,baseline,ridge,best_epoch,val_accuracy,test_accuracy")
    rows = {row["run"]: row for row in csv.DictReader(table)}
    assert len(rows) == 4
    assert (rows["network-001"]["baseline"], rows["network-001"]["eta"]) == ("", "0.1")
    assert (rows["mean_darkness-001"]["baseline"], rows["mean_darkness-001"]["eta"]) == ("mean_darkness", "")


def test_one_nearest_neighbour_is_always_right_on_its_training_examples(lab: Laboratory) -> None:
    lab.call("baseline", "nearest_neighbours", "neighbours=1", "seed=3", *SIZES)
    assert json.loads(lab.call("eval", "--split", "train", "--json").out)["errors"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forest",), "no baseline forest; there are nearest_neighbours, svm_rbf, linear, mean_darkness"),
        (("svm",), "no baseline svm; did you mean svm_rbf?"),
        (("knn",), "no baseline knn; did you mean nearest_neighbours?"),
        (("linear", "--ridge=2"), "no option --ridge; config keys are written ridge=2"),
        ((), "METHOD is missing"),
        (("linear", "neighbours=3"), "neighbours: unknown key; there are dataset, seed, validation_size"),
        (("nearest_neighbours", "neighbors=3"), "neighbors: unknown key; did you mean neighbours?"),
        (("nearest_neighbours", "neighbours=0"), "command line: neighbours: must be at least 1 (given 0)"),
        (("nearest_neighbours", "neighbours=20", "train_size=10"), "cannot fit nearest_neighbours to 10"),
        (("linear", "dataset=xor"), "command line: dataset: must be mnist, fashion_mnist or kmnist"),
        (("linear", "train_size=50001"), "do not fit MNIST, which has 60,000 examples"),
        (("linear", "gamma"), "gamma: not an override"),
        (("linear", "baseline=svm_rbf"), "baseline: "),
    ],
)
def test_what_cannot_be_is_said_in_one_line(lab: Laboratory, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = lab.call("baseline", *arguments, "-q")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (lab.folder / "runs").exists()


def test_training_does_not_take_the_config_of_a_baseline(lab: Laboratory, fitted: Path) -> None:
    refused = lab.call("train", str(fitted / "config.yaml"))
    assert refused.code == 2
    assert (
        "the config of a baseline; repeat it with `nnlab baseline linear validation_size=1000" in refused.err
    )
    resumed = lab.call("train", "--resume", "linear-001")
    assert resumed.code == 2
    assert "is a baseline; it has no training to resume" in resumed.err


def test_the_config_of_a_baseline_says_how_to_repeat_it(lab: Laboratory) -> None:
    lab.call(
        "baseline",
        "svm_rbf",
        "gamma=1e-5",
        "seed=3",
        "description=a 'wide' kernel",
        "--name",
        "smooth",
        *SIZES,
    )
    config = lab.folder / "runs/smooth-001/config.yaml"
    hint = lab.call("train", str(config)).err
    assert hint.count("\n") == 1
    command = shlex.split(hint.split("`")[1])
    assert command[:2] == ["nnlab", "baseline"]
    lab.call(*command[1:])
    assert (lab.folder / "runs/smooth-002/config.yaml").read_text() == config.read_text()
    config.write_text("baseline: [forest]\n")
    assert "repeat it with `nnlab baseline METHOD`" in lab.call("train", str(config)).err


def test_a_broken_baseline_is_a_run_error(lab: Laboratory, fitted: Path) -> None:
    (fitted / "summary.json").unlink()  # which would tell that they are others
    for weights, biases in ((np.zeros((3, 3)), np.zeros(3)), (np.zeros((20, 784)), np.arange(20.0))):
        np.savez(fitted / "best.npz", weights=weights, biases=biases)
        refused = lab.call("eval")
        assert (refused.code, refused.out, refused.err.count("\n")) == (5, "", 1)
        assert "best.npz does not hold a fitted linear: weights is float64" in refused.err
    (fitted / "best.npz").write_bytes(b"PK")
    assert lab.call("eval").code == 5
    config = fitted / "config.yaml"
    for method in ("forest", "[linear]", "{a: 1}"):
        config.write_text(f"name: linear\nbaseline: {method}\n")
        refused = lab.call("eval")
        assert refused.code == 5
        assert "baseline: must be nearest_neighbours, svm_rbf, linear or mean_darkness" in refused.err


def test_json_is_the_summary(lab: Laboratory) -> None:
    out = lab.call("baseline", "mean_darkness", *SIZES, "--json", "--name", "dark").out
    assert json.loads(out) == lab.summary("dark-001")


def test_a_long_fit_is_killed_at_once(lab: Laboratory) -> None:
    with lab.start("baseline", "svm_rbf") as process:  # a minute or two within LIBSVM
        assert process.stderr
        assert "svm_rbf" in process.stderr.readline()
        time.sleep(1)  # by then it is well inside
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == -signal.SIGINT
    assert not (lab.folder / "runs").exists()
