"""`nnlab sweep`: what it prints, how it ends, and that nothing lingers."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import LINEAR, TIMEOUT, config_text

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

# Long enough that a signal finds it at work.
SLOW = ("batch_size=2", "patience=null")
LONG = ("epochs=500", *SLOW)
FAST = ("linear.yaml", "eta=0.1,0.5", "--seeds", "2", "-j", "2")


def trials(lab: Laboratory, sweep: str = "linear") -> list[str]:
    """Return the names of the trials of a sweep."""
    return sorted(path.name for path in (lab.folder / "runs" / sweep).iterdir() if path.is_dir())


def workers_in(lab: Laboratory) -> list[int]:
    """Return the worker processes whose working directory is that of the laboratory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"nnlab.sweeps.process" in command and (process / "cwd").readlink() == lab.folder:
                found.append(int(process.name))
        except OSError:
            continue  # it has ended
    return found


def wait_until_none(lab: Laboratory, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while workers_in(lab):
        assert time.monotonic() < deadline, "worker processes linger"
        time.sleep(0.05)


def test_it_trains_each_setting_with_each_seed(lab: Laboratory) -> None:
    outcome = lab.nnlab("sweep", *FAST)
    assert outcome.code == 0
    lines = outcome.err.splitlines()
    assert lines[0] == "linear: 4 trials; 2 at once"
    assert lines[2] == "    trial  validation  best epoch  seconds  setting"
    assert [line.split()[0] for line in lines[3:7]] == ["1/4", "2/4", "3/4", "4/4"]
    labels = {line.split("  ")[-1] for line in lines[3:7]}
    assert labels == {f"eta={eta} seed={seed}" for eta in (0.1, 0.5) for seed in (0, 1)}
    assert "\r" not in outcome.err
    assert "\x1b" not in outcome.err
    assert len(trials(lab)) == 4


def test_the_same_command_has_nothing_left_to_do(lab: Laboratory) -> None:
    lab.nnlab("sweep", *FAST)
    again = lab.nnlab("sweep", *FAST)
    assert again.code == 0
    assert again.err == "All 4 trials in runs/linear are done.\n"


def test_other_commands_take_a_trial(lab: Laboratory) -> None:
    lab.nnlab("sweep", *FAST, "-q")
    name = f"linear/{trials(lab)[0]}"
    assert lab.nnlab("eval", name).code == 0
    assert lab.nnlab("train", "--resume", name, "epochs=4", "-q").code == 0
    assert lab.summary(name)["epochs"] == 4
    assert lab.nnlab("compare", name, "--format", "csv").out.count("\n") == 2


def test_a_dry_run_writes_nothing_and_says_what_is_left(lab: Laboratory) -> None:
    first = lab.nnlab("sweep", *FAST, "--dry-run")
    assert first.code == 0
    assert "2 settings, 4 trials in runs/linear.\n4 missing.\n" in first.out
    assert "To train: 4. How long it takes is known once a trial has finished." in first.out
    assert not (lab.folder / "runs").exists()
    lab.nnlab("train", "linear.yaml", "eta=0.5", "seed=1", "-q")
    lab.nnlab("sweep", "linear.yaml", "eta=0.1", "--seeds", "1", "-q")
    second = lab.nnlab("sweep", *FAST, "--dry-run")
    assert "\n1 finished, 1 trained by hand before, 2 missing.\n" in second.out
    assert re.search(r"To train: 2, in about \d+ s with 2 jobs, at \d\.\d s per trial\.", second.out)
    table = [line.split() for line in second.out.splitlines()]
    assert [row[1:] for row in table if len(row) == 4 and row[0] != "setting"] == [
        ["0.1", "2", "1"],
        ["0.5", "2", "1"],
    ]


def test_a_dry_run_says_what_is_left_to_measure(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.1", "--seeds", "2", "-q")
    plan = lab.nnlab("sweep", "linear.yaml", "eta=0.1", "--seeds", "3", "--eval", "--dry-run").out
    assert "\n2 finished, 1 missing.\nTo train: 1, in about " in plan
    assert "\nTo measure on the test images: 2.\n" in plan
    lab.nnlab("sweep", "linear.yaml", "eta=0.1", "--seeds", "3", "--eval", "-q")
    done = lab.nnlab("sweep", "linear.yaml", "eta=0.1", "--seeds", "3", "--eval", "--dry-run").out
    assert done.endswith("3 finished.\nNothing is left to train.\n")


def test_a_finished_halving_leaves_nothing_to_do(lab: Laboratory) -> None:
    halving = ("sweep", "linear.yaml", "eta=1e-4,0.1,0.2", "epochs=9", "--seeds", "1", "--halving")
    plan = lab.nnlab(*halving, "--dry-run").out
    assert "To train: 3, to a ninth of their epochs; then, the best third of the settings\n" in plan
    first = lab.nnlab(*halving)
    assert first.err.endswith("; 2 dropped.\n")
    assert [line.split()[0] for line in first.err.splitlines() if " eta=" in line] == ["epoch"] * 4 + ["1/3"]
    assert "Nothing is left to train." in lab.nnlab(*halving, "--dry-run").out
    again = lab.nnlab(*halving)
    assert again.err == "1 trial done, 2 dropped by the halving.\n"
    assert again.out == first.out
    assert "To train: 2, in about" in lab.nnlab(*halving[:-1], "--dry-run").out


def test_a_config_says_what_is_tried(lab: Laboratory) -> None:
    (lab.folder / "tried.yaml").write_text(
        config_text(LINEAR)
        + "sweep:\n  combinations:\n  - {eta: 0.1}\n  - {eta: 0.5, l2: 1e-4}\n  seeds: 1\n"
    )
    assert lab.nnlab("sweep", "tried.yaml", "-q").code == 0
    assert len(trials(lab, "tried")) == 2
    checked = lab.nnlab("config", "check", "tried.yaml")
    assert checked.out == "tried.yaml: no mistakes; the sweep tried has 2 settings and 1 seed\n"
    wrong = lab.nnlab("config", "check", "tried.yaml", "l2=0")
    assert (wrong.code, wrong.err) == (
        2,
        "command line: l2: is in the combinations, too; leave it out here or there\n",
    )
    refused = lab.nnlab("train", "tried.yaml")
    assert refused.code == 2
    assert "`nnlab sweep FILE` tries the values that it lists" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear.yaml", "etaa=1,2"], "command line: etaa: unknown key; did you mean eta?"),
        (["linear.yaml", "eta=0.1,0"], "command line: eta: must be greater than 0 (given 0) (with eta=0)"),
        (
            ["linear.yaml", "eta=uniform(0.1,1,1000)", "l2=0,1,2", "--seeds", "9"],
            "nnlab: this makes 27,000 trials; repeat it with --yes if you mean all of them",
        ),
        (
            ["linear.yaml", "-j", "2", "--cluster", "tcp://x:1"],
            "nnlab: a cluster decides how many trials run at once; leave out --jobs",
        ),
        (
            ["linear.yaml", "eta=log(0.1,1,5"],
            "command line: eta: must be log(LOW, HIGH, NUMBER) (given 'log(0.1,1,5')",
        ),
        (
            ["linear.yaml", "dataset_options={steps: 1},{steps: 2}"],
            "command line: dataset_options: has one value in a sweep; try values of its keys, such as",
        ),
        (["linear.yaml", "seed=1,2", "--seeds", "3"], "nnlab: the seeds are given twice; leave out either"),
        (["--seeds", "0", "linear.yaml"], "nnlab: --seeds takes a whole number of at least 1 (given 0)"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    lab: Laboratory, arguments: list[str], message: str
) -> None:
    outcome = lab.nnlab("sweep", *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1
    assert not (lab.folder / "runs").exists()


def test_a_missing_dataset_is_an_error_before_any_trial(lab: Laboratory) -> None:
    outcome = lab.nnlab("sweep", *FAST, "dataset=fashion_mnist", "--offline")
    assert outcome.code == 4
    assert "Fashion-MNIST" in outcome.err
    assert not (lab.folder / "runs").exists()


def test_a_sweep_is_not_put_into_a_run(lab: Laboratory) -> None:
    lab.nnlab("train", "linear.yaml", "epochs=1", "-q")
    outcome = lab.nnlab("sweep", "linear.yaml", "--name", "linear-001")
    assert outcome.code == 2
    assert outcome.err.startswith("nnlab: runs/linear-001 is a run, and cannot hold a sweep")


def test_a_failure_is_reported_at_once_and_the_sweep_exits_with_1(lab: Laboratory) -> None:
    lab.nnlab("sweep", *FAST, "-q")
    name = trials(lab)[0]
    (lab.folder / "runs/linear" / name / "config.yaml").write_text("eta: [\n")
    outcome = lab.nnlab("sweep", "linear.yaml", "eta=0.1,0.5", "--seeds", "3", "-q")
    assert outcome.code == 1
    first, last = outcome.err.splitlines()
    assert re.match(r" +failed  eta=0\.\d seed=\d: runs/linear/.*config\.yaml:2: not valid YAML", first)
    assert last == "nnlab: 1 trial failed; mend the cause, and repeat the sweep to train what is missing"
    assert len(trials(lab)) == 6
    assert lab.nnlab("sweep", "linear.yaml", "eta=0.1,0.5", "--seeds", "3", "-q", "--force").code == 0


def stopped(lab: Laboratory, number: int) -> int:
    """Start a long sweep, send it a signal when both trials have epochs, and return its exit code."""
    with lab.start("sweep", "linear.yaml", *LONG, "--seeds", "2", "-j", "2") as process:
        deadline = time.monotonic() + TIMEOUT
        while sum('"epochs": 0' not in path.read_text() for path in lab.folder.rglob("summary.json")) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        process.communicate()
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_workers_and_keeps_their_epochs(lab: Laboratory, number: int) -> None:
    assert stopped(lab, number) == -number
    assert not workers_in(lab)
    summaries = [lab.summary(f"linear/{name}") for name in trials(lab)]
    assert [summary["status"] for summary in summaries] == ["interrupted"] * 2
    assert all(summary["epochs"] >= 1 for summary in summaries)
    plan = lab.nnlab("sweep", "linear.yaml", *LONG, "--seeds", "2", "--dry-run")
    assert "2 trials in runs/linear.\n2 interrupted.\n" in plan.out


def test_the_workers_of_a_killed_sweep_end_and_keep_their_epochs(lab: Laboratory) -> None:
    assert stopped(lab, signal.SIGKILL) == -signal.SIGKILL
    wait_until_none(lab, 5)
    assert [lab.summary(f"linear/{name}")["status"] for name in trials(lab)] == ["interrupted"] * 2


def test_a_terminal_shows_a_live_table(lab: Laboratory) -> None:
    outcome = lab.on_a_terminal("sweep", "linear.yaml", "epochs=60", *SLOW, "--seeds", "3", "-j", "1")
    assert outcome.code == 0
    assert "1 running" in outcome.out
    assert "of 3 done" in outcome.out
    assert "best" in outcome.out
