from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.laboratory import LINEAR, config_text

if TYPE_CHECKING:
    from tests.laboratory import Laboratory, Outcome

EPOCH = re.compile(r" +\d+ +\d+\.\d{4} +\d+\.\d\d% +\d+\.\d{4} +\d+\.\d\d% +\d+\.\d\d  \w.*")
FILES = {"config.yaml", "metrics.csv", "summary.json", "best.npz", "last.npz", "environment.json"}


def test_stdout_is_the_run_folder_and_nothing_else(first: tuple[Laboratory, Outcome]) -> None:
    lab, trained = first
    assert (trained.code, trained.out) == (0, "runs/linear-001\n")
    assert {path.name for path in (lab.folder / "runs" / "linear-001").iterdir()} == FILES


def test_a_pipe_gets_one_plain_line_per_epoch(first: tuple[Laboratory, Outcome]) -> None:
    err = first[1].err
    assert [bool(EPOCH.fullmatch(line)) for line in err.splitlines()].count(True) == 3
    assert not re.search(r"[\r\x1b█]", err)
    assert "examples/s" not in err


def test_the_end_says_why_it_stopped_what_was_best_and_what_to_type_next(
    first: tuple[Laboratory, Outcome],
) -> None:
    assert re.search(r"^Stopped after epoch 3, \d+\.\d s: all epochs are done\.$", first[1].err, re.MULTILINE)
    assert re.search(
        r"^Best was epoch 3: val_loss 0\.\d{4}, val_accuracy \d\d\.\d\d%\.$", first[1].err, re.MULTILINE
    )
    assert first[1].err.endswith("Next: nnlab eval runs/linear-001 or nnlab report runs/linear-001\n")


def test_the_last_epoch_is_kept_where_the_epoch_is_monitored(lab: Laboratory) -> None:
    trained = lab.call("train", "linear.yaml", "monitor=epoch", "patience=null", "eta=2", "epochs=5")
    header, *lines = trained.err.split("\n\n")[1].splitlines()
    assert header == "epoch  train loss  accuracy    val loss  accuracy  seconds"
    assert [bool(EPOCH.fullmatch(f"{line}  improved")) for line in lines] == [True] * 5
    assert re.search(r"^The last epoch is kept: val_loss \d\.\d{4}, val_acc", trained.err, re.MULTILINE)
    summary = json.loads((lab.folder / "runs/linear-001/summary.json").read_text())
    assert (summary["monitor"], summary["best_value"], summary["best_epoch"]) == ("epoch", 5, 5)
    last = lab.metrics("linear-001")[-1]
    assert summary["val_loss"] == float(last["val_loss"])
    assert "best" not in lab.call("watch", "--once").out.splitlines()[1]
    assert lab.call("train", "--resume", "linear-001", "epochs=6").code == 0
    assert json.loads((lab.folder / "runs/linear-001/summary.json").read_text())["best_epoch"] == 6


def test_the_command_line_is_kept(first: tuple[Laboratory, Outcome]) -> None:
    made_with = json.loads((first[0].folder / "runs/linear-001/environment.json").read_text())
    assert made_with["command"] == ["nnlab", "train", "linear.yaml"]
    assert len(made_with["dataset"]) == 4


def test_patience_that_ran_out_is_a_success_that_says_so(lab: Laboratory) -> None:
    trained = lab.call("train", "linear.yaml", "patience=2", "min_delta=100", "epochs=50")
    assert trained.code == 0
    assert [line.split("  ")[-1] for line in trained.err.splitlines() if EPOCH.fullmatch(line)] == [
        "improved",
        "best, but by no more than min_delta; 1 of 2",
        "best, but by no more than min_delta; 2 of 2",
    ]
    assert "s: no improvement of val_loss in 2 epochs.\n" in trained.err


def test_quiet_and_json_leave_the_summary_and_nothing_else(lab: Laboratory) -> None:
    trained = lab.nnlab("train", "linear.yaml", "--json", "-q")
    assert (trained.code, trained.err) == (0, "")
    assert json.loads(trained.out) == lab.summary()


def test_quiet_leaves_stderr_empty_and_stdout_the_folder(lab: Laboratory) -> None:
    assert lab.call("train", "linear.yaml", "-q") == (0, "runs/linear-001\n", "")


def test_verbose_says_with_what(lab: Laboratory) -> None:
    trained = lab.call("train", "linear.yaml", "epochs=1", "-v")
    assert re.search(r"into runs/linear-001; NumPy .*, threads: \d", trained.err)


def test_overrides_and_the_name_go_through_to_the_run(lab: Laboratory) -> None:
    trained = lab.call(
        "train", "linear.yaml", "eta=0.3", "batch_size=full", "epochs=1", "--name", "slow", "-q"
    )
    assert trained == (0, "runs/slow-001\n", "")
    config = yaml.safe_load((lab.folder / "runs/slow-001/config.yaml").read_text())
    assert (config["eta"], config["batch_size"], config["name"]) == (0.3, "full", "slow")
    assert lab.summary("slow-001")["name"] == "slow"


def test_a_dash_reads_the_config_from_standard_input_and_the_variable_moves_the_runs(lab: Laboratory) -> None:
    config = config_text(LINEAR, name="piped")
    trained = lab.nnlab("train", "-", "epochs=1", "-q", stdin=config, NNLAB_RUNS="elsewhere")
    assert trained == (0, "elsewhere/piped-001\n", "")
    assert {path.name for path in (lab.folder / "elsewhere/piped-001").iterdir()} == FILES


def test_runs_wins_over_the_variable(lab: Laboratory) -> None:
    trained = lab.call("train", "linear.yaml", "epochs=1", "-q", "--runs", "a b", NNLAB_RUNS="elsewhere")
    assert trained == (0, "a b/linear-001\n", "")
    assert not (lab.folder / "elsewhere").exists()


def test_a_folder_with_a_space_is_quoted_in_what_to_type_next(lab: Laboratory) -> None:
    trained = lab.call("train", "linear.yaml", "epochs=1", "--runs", "a b")
    assert trained.err.endswith("Next: nnlab eval 'a b/linear-001' or nnlab report 'a b/linear-001'\n")


def test_a_dry_run_shows_experiment_and_network_and_writes_nothing(lab: Laboratory) -> None:
    before = sorted(lab.folder.rglob("*"))
    planned = lab.call("train", "linear.yaml", "architecture=[784,30,10]", "--dry-run")
    assert (planned.code, planned.err) == (0, "")
    assert "architecture: [784, 30, 10]" in planned.out
    assert re.search(r"^ +1 +784 +30 +identity +23,550$", planned.out, re.MULTILINE)
    assert re.search(r"^total +23,860$", planned.out, re.MULTILINE)
    assert "1,000 training examples for 23,860 parameters" in planned.out
    assert sorted(lab.folder.rglob("*")) == before


def test_the_plan_applies_the_rule_of_thumb(lab: Laboratory) -> None:
    fewer = lab.call("train", "linear.yaml", "--dry-run").out
    assert "1,000 training examples for 7,850 parameters: 0.13 each" in fewer
    assert "here it is not" in fewer
    enough = lab.call("train", "linear.yaml", "--dry-run", "train_size=8000").out
    assert "here it is met" in enough


def test_the_same_seed_gives_the_same_weights_in_ten_processes_at_once(
    first: tuple[Laboratory, Outcome], lab: Laboratory
) -> None:
    """They write into one folder, and one of them repeats the config.yaml of a run."""
    configs = [str(first[0].folder / "runs/linear-001/config.yaml")] + 9 * ["linear.yaml"]
    command = ("--json", "-q", "--name", "same")
    with ExitStack() as stack:
        processes = [stack.enter_context(lab.start("train", config, *command)) for config in configs]
        ends = [process.communicate() for process in processes]
    assert [err for _, err in ends] == 10 * [""]
    digests = {json.loads(out)["weights_sha256"] for out, _ in ends}
    expected = first[0].summary()["weights_sha256"]
    assert digests == {expected}
    assert sorted(run.name for run in (lab.folder / "runs").iterdir()) == [
        f"same-{n:03}" for n in range(1, 11)
    ]


def test_another_seed_gives_other_weights(lab: Laboratory, first: tuple[Laboratory, Outcome]) -> None:
    other = json.loads(lab.call("train", "linear.yaml", "seed=1", "--json").out)
    first_summary = first[0].summary()
    assert other["weights_sha256"] != first_summary["weights_sha256"]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [(("eta=50", "epochs=2"), "take a smaller eta"), (("eta=1e-9",), "train longer, or try another eta")],
)
def test_a_training_that_ends_worse_than_guessing_says_so(
    lab: Laboratory, arguments: tuple[str, ...], remedy: str
) -> None:
    trained = lab.call("train", "linear.yaml", *arguments)
    assert trained.code == 0
    told = re.search(r"^Worse than guessing, which has val_loss (\S+); (.*)\.$", trained.err, re.MULTILINE)
    assert told
    assert float(told[1]) == pytest.approx(2.3, abs=0.01)  # ln 10, were there as many of each digit
    assert told[2] == remedy
    assert lab.call("train", "linear.yaml", *arguments, "-q").err == ""


def test_a_training_that_learns_is_not_called_worse_than_guessing(
    first: tuple[Laboratory, Outcome], lab: Laboratory
) -> None:
    assert "guessing" not in first[1].err
    # Its only example is answered right by a constant: there is nothing to guess.
    assert "guessing" not in lab.call("train", "neuron", "epochs=2").err


@pytest.mark.parametrize(
    ("file", "name"), [("größe.yaml", "gr__e"), ("two words.yaml", "two_words"), (".x.yaml", "x")]
)
def test_a_file_whose_name_cannot_be_that_of_a_run_says_what_became_of_it(
    lab: Laboratory, file: str, name: str
) -> None:
    lab.config(file)
    trained = lab.call("train", file, "epochs=1")
    assert trained.out == f"runs/{name}-001\n"
    assert trained.err.startswith(f"The experiment is called {name}: a name has only letters")
    assert "is called" not in lab.call("train", file, "epochs=1", "--name", "mine").err
    assert "is called" not in lab.call("train", "linear.yaml", "epochs=1").err
