"""The Python interface, as notebooks and scripts use it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nnlab
from nnlab.config import Experiment
from nnlab.runs.run import Run as StoredRun
from tests.trainings import KEYS

KEYS = {key: value for key, value in KEYS.items() if key != "name"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without environment variables that affect nnlab."""
    monkeypatch.chdir(tmp_path)
    for variable in ("NNLAB_RUNS", "NNLAB_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)


def test_what_is_trained_is_measured_and_predicted_with(capfd: pytest.CaptureFixture[str]) -> None:
    run = nnlab.train("mnist_linear", epochs=3, train_size=1000, eta=np.float32(0.5), batch_size=np.int64(32))
    assert run.name == "mnist_linear-001"
    assert run.folder == Path.cwd() / "runs" / "mnist_linear-001"
    assert (run.summary.status, run.summary.epochs) == ("finished", 3)
    assert run.config.model_dump()["eta"] == 0.5
    evaluation = run.evaluate()
    assert evaluation.accuracy
    test = nnlab.load_dataset("mnist").test
    assert (run.network.predict(test.inputs) == test.labels).mean() == evaluation.accuracy
    np.testing.assert_allclose(run.network.outputs(test.inputs[:9]).sum(axis=1), 1, rtol=1e-5)
    assert capfd.readouterr() == ("", "")


def test_metrics_and_diagnostics_are_columns_and_nan_is_where_nothing_is() -> None:
    run = nnlab.train({**KEYS, "diagnostics": True, "epochs": 2}, name="mine")
    assert run.name == "mine-001"
    assert run.metrics["epoch"].tolist() == [1, 2]
    assert run.metrics["epoch"].dtype == np.int64
    assert run.metrics["val_loss"].min() == run.summary.best_value
    assert np.isnan(run.diagnostics["dead"]).all()  # softmax has no slope of its own
    assert run.diagnostics["gradient_norm"].shape == (2,)


def test_resuming_leads_to_the_weights_of_one_that_never_stopped() -> None:
    whole, cut = nnlab.train(KEYS, epochs=4), nnlab.train(KEYS, epochs=2)
    for run in (cut, str(cut), cut.name):
        resumed = nnlab.resume(run, epochs=4)
    assert resumed.summary.weights_sha256 == whole.summary.weights_sha256
    assert nnlab.resume(epochs=5).summary.epochs == 5
    assert nnlab.resume(cut, patience=None).summary.epochs == 5
    with pytest.raises(nnlab.UsageError, match="resuming cannot change eta"):
        nnlab.resume(cut, eta=1)
    with pytest.raises(nnlab.ConfigError, match="arguments: epoch: unknown key; did you mean epochs"):
        nnlab.resume(cut, epoch=9)


def test_a_config_is_a_file_a_name_a_mapping_or_that_of_a_run() -> None:
    keys = {**KEYS, "epochs": np.int64(1), "architecture": np.array([784, 10]), "eta": np.float32(0.5)}
    run = nnlab.train(keys, name="first")
    assert isinstance(run.config, Experiment)
    again = [nnlab.train(config, threads=int(np.int64(1))) for config in (run.config_yaml, run.config)]
    assert {each.summary.weights_sha256 for each in again} == {run.summary.weights_sha256}
    with pytest.raises(nnlab.ConfigError, match="arguments: 1: not a key; a key is text"):
        nnlab.train({**KEYS, 1: 2})  # type: ignore[dict-item]  # it is what is tested


def test_a_run_is_found_wherever_the_process_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = nnlab.train("xor", epochs=2)
    monkeypatch.chdir("/")
    assert run.summary.epochs == 2
    assert nnlab.Run(str(run.folder)) == run  # type: ignore[arg-type]  # text will do
    assert repr(run) == f"Run('{run.folder}')"


def test_runs_are_found_and_compared_as_rows() -> None:
    slow, fast = (nnlab.train(KEYS, name=name, eta=eta) for name, eta in (("slow", 0.001), ("fast", 0.1)))
    assert nnlab.find_run("slow-001") == slow
    assert nnlab.find_run() == fast
    rows = nnlab.compare()
    assert [row["run"] for row in rows] == ["fast-001", "slow-001"]
    assert {*rows[0]} >= {"eta", "val_accuracy", "seconds", "status"}
    assert [row["run"] for row in nnlab.compare("s*", where="eta<0.01")] == ["slow-001"]
    assert [row["run"] for row in nnlab.compare(fast, slow, sort="eta", top=1)] == ["slow-001"]
    with pytest.raises(nnlab.RunError, match="no run nosuch"):
        nnlab.find_run("nosuch")


@pytest.mark.parametrize(
    ("keys", "mistakes"),
    [
        ({"eta": -1}, ["arguments: eta: must be greater than 0 (given -1)"]),
        ({"epoch": 3}, ["arguments: epoch: unknown key; did you mean epochs?"]),
        ({"eta": "0.1", "seed": None}, ["arguments: eta: must be a number", "arguments: seed: must be"]),
    ],
)
def test_all_mistakes_are_reported_at_once(keys: dict[str, Any], mistakes: list[str]) -> None:
    with pytest.raises(nnlab.ConfigError) as error:
        nnlab.train("mnist_linear", **keys)
    lines = str(error.value).splitlines()
    assert all(line.startswith(mistake) for line, mistake in zip(lines, mistakes, strict=True))


def test_what_does_not_exist_is_an_error_of_nnlab() -> None:
    with pytest.raises(nnlab.ConfigError, match=r"nosuch\.yaml: no such file"):
        nnlab.train("nosuch.yaml")
    with pytest.raises(nnlab.UsageError, match="no dataset 'imagenet'; there are mnist"):
        nnlab.load_dataset("imagenet")
    with pytest.raises(nnlab.UsageError, match="no baseline nosuch; there are nearest_neighbours"):
        nnlab.fit_baseline("nosuch")
    run = nnlab.train("xor", epochs=2)
    for wrong in ({"split": "tset"}, {"checkpoint": "Best"}):
        with pytest.raises(nnlab.UsageError, match="did you mean"):
            run.evaluate(**wrong)  # type: ignore[arg-type]  # it is what is tested
    assert not list(run.folder.glob("eval_*"))
    for threads in (0, -1, 4097, 1.0, "2", True):
        with pytest.raises(nnlab.UsageError, match="threads must be a whole number from 1 to 4096"):
            nnlab.train("xor", threads=threads)  # type: ignore[arg-type]  # it is what is tested
        with pytest.raises(nnlab.UsageError, match="threads must be a whole number"):
            nnlab.resume(run, epochs=9, threads=threads)  # type: ignore[arg-type]  # it is what is tested
    with pytest.raises(nnlab.UsageError, match="top must be at least 1"):
        nnlab.compare(top=0)
    with pytest.raises(nnlab.UsageError, match="seed must be at least 0"):
        nnlab.load_dataset("xor", seed=-1)
    assert [row["run"] for row in nnlab.compare(where=None)] == ["xor-001"]
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        nnlab.trian  # noqa: B018 (it is what is tested)


def test_a_training_that_diverges_is_an_error_and_keeps_its_run() -> None:
    with pytest.raises(nnlab.DivergedError, match=r"kept in .*runs/experiment-001"):
        nnlab.train(KEYS, architecture=(784, 20, 20, 20, 10), activation="relu", eta=1e6)
    assert nnlab.find_run().summary.status == "diverged"


def test_a_baseline_is_a_run_without_a_network() -> None:
    run = nnlab.fit_baseline("linear", train_size=500, validation_size=500, ridge=2.0)
    assert run.evaluate().accuracy
    assert run.summary.val_accuracy
    with pytest.raises(nnlab.UsageError, match="is a baseline"):
        run.network  # noqa: B018 (it is what is tested)


def test_four_trainings_at_once_in_threads_end_as_they_do_alone() -> None:
    """Two of them use another number of threads, although the matrix library has only one setting."""

    def go(seed: int) -> tuple[str, int]:
        run = nnlab.train(KEYS, seed=seed, threads=1 + seed % 2, architecture=(784, 40, 10))
        return run.summary.weights_sha256, run.environment.threads

    alone = [go(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(go, range(4)))
    assert together == alone
    assert [threads for _, threads in together] == [1, 2, 1, 2]
    assert len(list(nnlab.compare())) == 8
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers), "a run that has ended is still to be written"


def test_progress_is_a_bar_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    nnlab.train(KEYS, epochs=2, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2" in err
    assert "val_loss=" in err


LONG = {**KEYS, "epochs": 300, "architecture": (784, 100, 10)}
INTERRUPTED = f"""
import nnlab
try:
    nnlab.train({LONG}, progress=True)
except KeyboardInterrupt:
    run = nnlab.find_run()
    print(run.summary.status, 0 < run.summary.epochs == len(run.metrics["epoch"]) < 300)
"""


def test_ctrl_c_stops_a_training_between_two_batches_and_it_can_be_resumed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        seen = ""
        while "val_loss" not in seen:
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert out == "interrupted True\n"
    resumed, whole = nnlab.resume(), nnlab.train(LONG)
    assert resumed.summary.epochs == 300
    assert resumed.summary.weights_sha256 == whole.summary.weights_sha256


def test_a_run_of_the_interface_is_a_run_of_the_command_line() -> None:
    assert issubclass(nnlab.Run, StoredRun)
    assert set(nnlab.__all__) == set(dir(nnlab))
    for name in nnlab.__all__:
        assert getattr(nnlab, name) is not None


def test_to_import_nnlab_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import nnlab; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"nnlab", "__future__"}


def test_a_sweep_returns_its_groups_and_pandas_takes_the_rows() -> None:
    groups = nnlab.sweep(KEYS, {"eta": [0.1, 0.5]}, seeds=2, jobs=2, epochs=2, name="tried")
    assert {group.label for group in groups} == {"eta=0.1", "eta=0.5"}
    assert groups[0].figures["val_accuracy"].mean >= groups[1].figures["val_accuracy"].mean
    assert groups[0].seeds == (0, 1)
    run = nnlab.find_run(groups[0].runs[0])
    assert run.summary.epochs == 2
    frame = pd.DataFrame(nnlab.compare("tried", group=True))
    assert frame["val_accuracy_n"].tolist() == [2, 2]
    assert frame["eta"].tolist() == [group.setting["eta"] for group in groups]
    (row,) = nnlab.compare("tried", against="best")
    assert (row["against"], row["pairs"]) == (groups[0].label, 2)
    assert len(nnlab.compare("tried")) == 4


def test_a_script_without_a_guard_sweeps(tmp_path: Path) -> None:
    """Worker processes do not run the script of the user again."""
    script = tmp_path / "script.py"
    script.write_text(
        f"import nnlab\ngroups = nnlab.sweep({KEYS!r}, seeds=2, jobs=2, epochs=1)\nprint(groups[0].seeds)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("(0, 1)\n", "")


def test_ctrl_c_stops_a_sweep() -> None:
    def interrupt() -> None:
        while not any('"epochs": 0' not in path.read_text() for path in Path("runs").rglob("summary.json")):
            time.sleep(0.1)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    long = KEYS | {"epochs": 100_000, "patience": None}
    with pytest.raises(KeyboardInterrupt):
        nnlab.sweep(long, seeds=2, jobs=2, name="long")
    assert {row["status"] for row in nnlab.compare("long")} <= {"interrupted", "unfinished"}


def test_a_failed_trial_is_an_error_that_says_why() -> None:
    nnlab.sweep(KEYS, seeds=1, epochs=1, name="tried")
    nnlab.find_run("tried/*").config_yaml.write_text("eta: [")
    with pytest.raises(nnlab.NnlabError, match=r"1 trial failed; .*tried/\w+-0: .*not valid YAML"):
        nnlab.sweep(KEYS, seeds=2, epochs=1, name="tried")
