from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from .conftest import COMMAND, CONFIG, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Outcome

EPOCH = re.compile(r" +\d+ +\d+\.\d{4} +\d+\.\d\d% +\d+\.\d{4} +\d+\.\d\d% +\d+\.\d\d  \w.*")
FILES = {"config.yaml", "metrics.csv", "summary.json", "best.npz", "last.npz", "environment.json"}


def test_stdout_is_the_run_folder_and_nothing_else(first: tuple[Path, Outcome]) -> None:
    folder, trained = first
    assert (trained.code, trained.out) == (0, "runs/linear-001\n")
    assert {path.name for path in (folder / "runs" / "linear-001").iterdir()} == FILES


def test_a_pipe_gets_one_plain_line_an_epoch(first: tuple[Path, Outcome]) -> None:
    err = first[1].err
    assert [bool(EPOCH.fullmatch(line)) for line in err.splitlines()].count(True) == 3
    assert not re.search(r"[\r\x1b█]", err)
    assert "examples/s" not in err


def test_the_end_says_why_it_stopped_what_was_best_and_what_to_type_next(
    first: tuple[Path, Outcome],
) -> None:
    assert re.search(r"^Stopped after epoch 3, \d+\.\d s: all epochs are done\.$", first[1].err, re.MULTILINE)
    assert re.search(
        r"^Best was epoch 3: val_loss 0\.\d{4}, val_accuracy \d\d\.\d\d%\.$", first[1].err, re.MULTILINE
    )
    assert first[1].err.endswith("Next: nnlab eval runs/linear-001\n")


def test_the_command_line_is_kept(first: tuple[Path, Outcome]) -> None:
    made_with = json.loads((first[0] / "runs/linear-001/environment.json").read_text())
    assert made_with["command"] == ["nnlab", "train", "linear.yaml"]
    assert len(made_with["dataset"]) == 4


def test_patience_that_ran_out_is_a_success_that_says_so(call: Callable[..., Outcome]) -> None:
    trained = call("train", "linear.yaml", "patience=2", "min_delta=100", "epochs=50")
    assert trained.code == 0
    assert [line.split("  ")[-1] for line in trained.err.splitlines() if EPOCH.fullmatch(line)] == [
        "improved",
        "best, but by no more than min_delta; 1 of 2",
        "best, but by no more than min_delta; 2 of 2",
    ]
    assert "s: no improvement of val_loss in 2 epochs.\n" in trained.err


def test_quiet_and_json_leave_the_summary_and_nothing_else(desk: Path, nnlab: Callable[..., Outcome]) -> None:
    trained = nnlab("train", "linear.yaml", "--json", "-q")
    assert (trained.code, trained.err) == (0, "")
    assert json.loads(trained.out) == json.loads((desk / "runs/linear-001/summary.json").read_text())


def test_quiet_leaves_stderr_empty_and_stdout_the_folder(call: Callable[..., Outcome]) -> None:
    assert call("train", "linear.yaml", "-q") == (0, "runs/linear-001\n", "")


def test_verbose_says_with_what(call: Callable[..., Outcome]) -> None:
    trained = call("train", "linear.yaml", "epochs=1", "-v")
    assert re.search(r"into runs/linear-001; NumPy .*, threads: \d", trained.err)


def test_overrides_and_the_name_go_through_to_the_run(call: Callable[..., Outcome], desk: Path) -> None:
    trained = call("train", "linear.yaml", "eta=0.3", "batch_size=full", "epochs=1", "--name", "slow", "-q")
    assert trained == (0, "runs/slow-001\n", "")
    config = yaml.safe_load((desk / "runs/slow-001/config.yaml").read_text())
    assert (config["eta"], config["batch_size"], config["name"]) == (0.3, "full", "slow")
    assert json.loads((desk / "runs/slow-001/summary.json").read_text())["name"] == "slow"


def test_a_dash_reads_the_config_from_standard_input_and_the_variable_moves_the_runs(
    desk: Path, nnlab: Callable[..., Outcome]
) -> None:
    config = CONFIG + "name: piped\n"
    trained = nnlab("train", "-", "epochs=1", "-q", stdin=config, NNLAB_RUNS="elsewhere")
    assert trained == (0, "elsewhere/piped-001\n", "")
    assert {path.name for path in (desk / "elsewhere/piped-001").iterdir()} == FILES


def test_runs_wins_over_the_variable(
    call: Callable[..., Outcome], desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNLAB_RUNS", "elsewhere")
    trained = call("train", "linear.yaml", "epochs=1", "-q", "--runs", "a b")
    assert trained == (0, "a b/linear-001\n", "")
    assert not (desk / "elsewhere").exists()


def test_a_folder_with_a_space_is_quoted_in_what_to_type_next(call: Callable[..., Outcome]) -> None:
    trained = call("train", "linear.yaml", "epochs=1", "--runs", "a b")
    assert trained.err.endswith("Next: nnlab eval 'a b/linear-001'\n")


def test_a_dry_run_shows_experiment_and_network_and_writes_nothing(
    call: Callable[..., Outcome], desk: Path
) -> None:
    before = sorted(desk.rglob("*"))
    planned = call("train", "linear.yaml", "architecture=[784,30,10]", "--dry-run")
    assert (planned.code, planned.err) == (0, "")
    assert "architecture: [784, 30, 10]" in planned.out
    assert re.search(r"^ +1 +784 +30 +identity +23,550$", planned.out, re.MULTILINE)
    assert re.search(r"^total +23,860$", planned.out, re.MULTILINE)
    assert "1,000 training examples for 23,860 parameters" in planned.out
    assert sorted(desk.rglob("*")) == before


def test_the_plan_applies_the_rule_of_thumb(call: Callable[..., Outcome]) -> None:
    fewer = call("train", "linear.yaml", "--dry-run").out
    assert "1,000 training examples for 7,850 parameters: 0.13 each" in fewer
    assert "here it is not" in fewer
    enough = call("train", "linear.yaml", "--dry-run", "train_size=8000").out
    assert "here it is met" in enough


def test_the_same_seed_gives_the_same_weights_in_ten_processes_at_once(
    first: tuple[Path, Outcome], desk: Path
) -> None:
    """They write into one folder, and one of them repeats the config.yaml of a run."""
    configs = [str(first[0] / "runs/linear-001/config.yaml")] + 9 * ["linear.yaml"]
    processes = [
        subprocess.Popen(
            [*COMMAND, "train", config, "--json", "-q", "--name", "same"],
            cwd=desk,
            env=environment(desk),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for config in configs
    ]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [err for _, err in ends] == 10 * [b""]
    digests = {json.loads(out)["weights_sha256"] for out, _ in ends}
    expected = json.loads((first[0] / "runs/linear-001/summary.json").read_text())["weights_sha256"]
    assert digests == {expected}
    assert sorted(run.name for run in (desk / "runs").iterdir()) == [f"same-{n:03}" for n in range(1, 11)]


def test_another_seed_gives_other_weights(call: Callable[..., Outcome], first: tuple[Path, Outcome]) -> None:
    other = json.loads(call("train", "linear.yaml", "seed=1", "--json").out)
    first_summary = json.loads((first[0] / "runs/linear-001/summary.json").read_text())
    assert other["weights_sha256"] != first_summary["weights_sha256"]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [(("eta=50", "epochs=2"), "take a smaller eta"), (("eta=1e-9",), "train longer, or try another eta")],
)
def test_a_training_that_ends_worse_than_guessing_says_so(
    call: Callable[..., Outcome], arguments: tuple[str, ...], remedy: str
) -> None:
    trained = call("train", "linear.yaml", *arguments)
    assert trained.code == 0
    told = re.search(r"^Worse than guessing, which has val_loss (\S+); (.*)\.$", trained.err, re.MULTILINE)
    assert told
    assert float(told[1]) == pytest.approx(2.3, abs=0.01)  # ln 10, were there as many of each digit
    assert told[2] == remedy
    assert call("train", "linear.yaml", *arguments, "-q").err == ""


def test_a_training_that_learns_is_not_called_worse_than_guessing(
    first: tuple[Path, Outcome], call: Callable[..., Outcome]
) -> None:
    assert "guessing" not in first[1].err
    # Its only example is answered right by a constant: there is nothing to guess.
    assert "guessing" not in call("train", "neuron", "epochs=2").err


@pytest.mark.parametrize(
    ("file", "name"), [("größe.yaml", "gr__e"), ("two words.yaml", "two_words"), (".x.yaml", "x")]
)
def test_a_file_whose_name_cannot_be_that_of_a_run_says_what_became_of_it(
    desk: Path, call: Callable[..., Outcome], file: str, name: str
) -> None:
    (desk / file).write_text(CONFIG)
    trained = call("train", file, "epochs=1")
    assert trained.out == f"runs/{name}-001\n"
    assert trained.err.startswith(f"The experiment is called {name}: a name has only letters")
    assert "is called" not in call("train", file, "epochs=1", "--name", "mine").err
    assert "is called" not in call("train", "linear.yaml", "epochs=1").err
