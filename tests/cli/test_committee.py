"""`nnlab eval` of several runs: the mean of their probabilities, what each contributes, and its mistakes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.analysis.answers import answers_of
from nnlab.config import load_experiment
from nnlab.jobs.train import train_experiment
from nnlab.runs.run import Run, experiment_of
from nnlab.shipped import path_of
from tests.trainings import OFFLINE, train

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

KEYS = [
    "runs",
    "checkpoint",
    "split",
    "examples",
    "log_loss",
    "accuracy",
    "errors",
    "per_class",
    "confusion",
    "members",
]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs: three linear networks, the last with the seed of the first, and XOR."""
    runs = tmp_path_factory.mktemp("members")
    for changes in ({"seed": 0}, {"seed": 1, "eta": 0.02}, {"seed": 0, "eta": 0.01, "epochs": 1}):
        train(runs, **changes)
    for seed in (0, 1):
        experiment = load_experiment(path_of("xor"), ["epochs=3", f"seed={seed}"])
        train_experiment(experiment, runs=runs, source=OFFLINE)
    experiment = load_experiment(path_of("line"), ["epochs=3"])
    train_experiment(experiment, runs=runs, source=OFFLINE)
    return runs


@pytest.fixture
def home(lab: Laboratory, trained: Path) -> Laboratory:
    shutil.copytree(trained, lab.folder / "runs")
    return lab


def test_it_averages_probabilities_and_says_what_each_run_contributes(home: Laboratory) -> None:
    code, out, err = home.call("eval", "linear-001", "linear-002", "linear-003", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == KEYS
    runs = [Run(home.folder / "runs" / f"linear-00{number}") for number in (1, 2, 3)]
    answers = [answers_of(run, experiment_of(run), OFFLINE) for run in runs]
    labels = answers[0].examples.labels
    mean = np.mean([each.outputs for each in answers], axis=0)
    assert found["errors"] == (mean.argmax(axis=1) != labels).sum() == round((1 - found["accuracy"]) * 10_000)
    assert found["log_loss"] == pytest.approx(-np.log(mean[np.arange(10_000), labels]).mean())
    assert sum(map(sum, found["confusion"])) == 10_000
    for member, each, others in zip(found["members"], answers, ([1, 2], [0, 2], [0, 1]), strict=True):
        alone = json.loads(home.call("eval", member["run"], "--json").out)
        assert {key: member[key] for key in ("log_loss", "accuracy", "errors")} == {
            "log_loss": pytest.approx(alone["loss"], rel=1e-6),
            "accuracy": pytest.approx(alone["accuracy"]),
            "errors": alone["errors"],
        }
        rest = np.sum([answers[other].outputs for other in others], axis=0)
        assert member["errors_without"] == (rest.argmax(axis=1) != labels).sum()
        assert each.is_right.sum() == 10_000 - member["errors"]


def test_it_is_shown_as_tables(home: Laboratory) -> None:
    code, out, err = home.call("eval", "linear-001", "linear-002")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("A committee of 2 runs: mean of the probabilities of their best weights")
    assert lines[2].startswith("accuracy  ")
    table = lines.index("Each run alone, and the committee without it")
    assert lines[table + 1].split() == ["run", "accuracy", "errors", "log_loss", "errors_without"]
    first, second = lines[table + 2].split(), lines[table + 3].split()
    assert (first[0], second[0]) == ("runs/linear-001", "runs/linear-002")
    # Of two members, the committee without one is the other.
    assert (first[2], second[2]) == (second[4], first[4])
    assert not (home.folder / "runs/linear-001/eval_test.json").exists()


@pytest.mark.parametrize("names", [("linear-*",), ("linear-001", "linear-00[23]")])
def test_a_pattern_stands_for_all_its_runs(home: Laboratory, names: tuple[str, ...]) -> None:
    found = json.loads(home.call("eval", *names, "--json").out)
    assert found["runs"] == [f"runs/linear-00{number}" for number in (1, 2, 3)]


def test_a_sweep_is_a_committee(home: Laboratory) -> None:
    (home.folder / "runs" / "swept").mkdir()
    for number in (1, 2):
        shutil.copytree(home.folder / f"runs/linear-00{number}", home.folder / f"runs/swept/t{number}")
    assert json.loads(home.call("eval", "swept", "--json").out)["runs"] == ["runs/swept/t1", "runs/swept/t2"]


def test_the_same_run_twice_is_one_run(home: Laboratory) -> None:
    assert home.call("eval", "linear-001", "linear-001").out.startswith("runs/linear-001: best weights")


def test_two_runs_with_one_output_are_a_committee_too(home: Laboratory) -> None:
    found = json.loads(home.call("eval", "xor-001", "xor-002", "--json").out)
    assert (found["examples"], len(found["confusion"])) == (4, 2)
    assert found["log_loss"] is not None


def test_fail_under_is_for_the_committee(home: Laboratory) -> None:
    done = home.call("eval", "linear-001", "linear-002", "--fail-under", "0.99")
    assert done.code == 6
    assert "is below 0.99" in done.err


def test_the_validation_split_has_to_be_the_same(home: Laboratory) -> None:
    assert home.call("eval", "linear-001", "linear-003", "--split", "validation").code == 0
    code, out, err = home.call("eval", "linear-001", "linear-002", "--split", "validation")
    assert (code, out) == (2, "")
    assert err == (
        "nnlab: runs/linear-002 and runs/linear-001 differ in seed, and so in the examples of the validation "
        "split; use --split test\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("linear-001", "xor-001"), 2, "runs/xor-001 and runs/linear-001 differ in dataset"),
        (("linear-001", "line-001"), 2, "runs/line-001 is a regression; a committee needs classes"),
        (("linear-001", "nowhere"), 5, "no run nowhere"),
        (("linear-*", "--show-errors", "1"), 2, "--show-errors shows one run; name one of the 3"),
    ],
)
def test_mistakes(home: Laboratory, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = home.call("eval", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("status", ["diverged", "interrupted"])
def test_a_run_that_is_not_finished_is_left_out(home: Laboratory, status: str) -> None:
    path = home.folder / "runs/linear-002/summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": status, "stop_reason": status}))
    done = home.call("eval", "linear-*", "--json")
    assert json.loads(done.out)["runs"] == ["runs/linear-001", "runs/linear-003"]
    assert done.err == f"left out: runs/linear-002, which is not finished but {status}\n"
    alone = home.call("eval", "linear-001", "linear-002")
    assert (alone.code, alone.out) == (2, "")
    assert alone.err.endswith("nnlab: a committee needs at least two finished runs (given 1)\n")


def test_the_same_run_by_another_path_is_one_run(home: Laboratory) -> None:
    assert home.call("eval", "linear-001", "./runs/linear-001").out.startswith("runs/linear-001: best")


def test_a_broken_member_is_named(home: Laboratory) -> None:
    (home.folder / "runs/linear-002/best.npz").write_bytes(b"broken")
    done = home.call("eval", "linear-001", "linear-002")
    assert (done.code, done.out) == (5, "")
    assert "runs/linear-002/best.npz" in done.err
