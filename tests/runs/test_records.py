from __future__ import annotations

import json
import math
import platform
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import nnlab
from nnlab.errors import RunError
from nnlab.runs import metrics, records, tables
from nnlab.runs.environment import Environment, describe
from nnlab.runs.summary import Summary
from nnlab.training import Epoch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.runs.run import Run

HEADER = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,eta,seconds\n"
SUMMARY_KEYS = [
    *("schema_version", "name", "status", "stop_reason", "epochs", "best_epoch", "monitor", "best_value"),
    *("val_loss", "val_accuracy", "parameters", "train_examples", "seconds", "weights_sha256"),
    "best_npz_tail_sha256",
]
ENVIRONMENT_KEYS = [
    *("nnlab", "python", "numpy", "blas", "threads", "platform", "processor", "dataset", "command"),
]


def a_row(epoch: int) -> metrics.MetricsRow:
    return metrics.MetricsRow(epoch, 0.1 + 0.2, 1 / 3, 1e-300, 1.0, 0.5, 0.125)


def test_metrics_have_exactly_the_columns_of_the_contract(trained: Run) -> None:
    text = trained.metrics_csv.read_text()
    assert text.startswith(HEADER)
    assert [line.split(",")[0] for line in text.splitlines()] == ["epoch", "1", "2", "3"]
    assert all(line.count(",") == 6 for line in text.splitlines())


def test_metrics_come_back_exactly(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rows = [a_row(1), metrics.MetricsRow(2, None, 0.5, None, 0.25, 1e-05, 0.0)]
    tables.rewrite(path, metrics.MetricsRow, rows[:1])
    tables.append(path, rows[1:])
    assert metrics.read(path, epochs=99) == rows
    assert path.read_text() == (
        f"{HEADER}1,0.30000000000000004,0.3333333333333333,1e-300,1.0,0.5,0.125\n2,,0.5,,0.25,1e-05,0.0\n"
    )


def test_a_figure_that_is_not_finite_is_an_empty_field() -> None:
    epoch = Epoch(
        epoch=1,
        train_loss=math.nan,
        train_accuracy=0.1,
        val_loss=math.inf,
        val_accuracy=0.2,
        eta=1e6,
        seconds=0.5,
        improved=False,
        is_best=False,
        patience_left=None,
        stop_reason="diverged",
    )
    assert metrics.metrics_row(epoch) == metrics.MetricsRow(1, None, 0.1, None, 0.2, 1e6, 0.5)


@pytest.mark.parametrize("torn", ["3", "3,0.25,0.5", "3,0.1,0.2,0.3,0.4,0.5,0.006"])
def test_a_last_line_that_was_cut_off_is_dropped(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "metrics.csv"
    tables.rewrite(path, metrics.MetricsRow, [a_row(1), a_row(2)])
    with path.open("a") as file:
        file.write(torn)
    assert metrics.read(path, epochs=99) == [a_row(1), a_row(2)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"epoch,loss\n",
        HEADER.encode() + b"1,2\n",
        HEADER.encode() + b"1,a,0,0,0,0,0\n",
        HEADER.encode() + b"2,0,0,0,0,0,0\n",
        HEADER.encode() + b"1,0,0,0,0,0,0\n1,0,0,0,0,0,0\n",
        HEADER.encode() + b"1,0,0,0,0,0,0,0\n",
        b"\xff\xfe",
    ],
)
def test_a_broken_metrics_file_is_a_run_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.csv").write_bytes(content)
    with pytest.raises(RunError, match=r"metrics\.csv"):
        metrics.read(tmp_path / "metrics.csv", epochs=99)


def test_a_missing_metrics_file_is_a_run_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"metrics\.csv is missing"):
        metrics.read(tmp_path / "metrics.csv", epochs=99)


def test_the_summary_has_exactly_the_keys_of_the_contract_in_its_order(
    trained: Run,
) -> None:
    summary = json.loads(trained.summary_json.read_text())
    assert list(summary) == SUMMARY_KEYS
    assert summary["schema_version"] == 1
    assert (summary["status"], summary["stop_reason"], summary["epochs"]) == ("finished", "epochs", 3)
    assert (summary["parameters"], summary["train_examples"]) == (784 * 5 + 5 + 5 * 10 + 10, 1000)


def test_the_summary_agrees_with_the_metrics_of_the_best_epoch(trained: Run) -> None:
    summary = records.read(trained.summary_json, Summary)
    rows = metrics.read(trained.metrics_csv, epochs=99)
    best = min(rows, key=lambda row: math.inf if row.val_loss is None else row.val_loss)
    assert summary.best_epoch == best.epoch
    assert summary.best_value == summary.val_loss == best.val_loss
    assert summary.val_accuracy == best.val_accuracy
    assert summary.seconds == pytest.approx(sum(row.seconds or 0 for row in rows), abs=0.01)


def test_a_record_never_holds_nan(trained: Run, tmp_path: Path) -> None:
    summary = records.read(trained.summary_json, Summary)
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.write(tmp_path / "summary.json", replace(summary, val_loss=math.nan))
    assert list(tmp_path.iterdir()) == []


def _without_a_key(summary: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in summary.items() if key != "epochs"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: "{", r"not valid JSON (line 1 column 1)"),
        (lambda _: "", "not valid JSON (line 1 column 0)"),
        (lambda _: "[]", "must be a mapping"),
        (
            lambda text: text.replace('"epochs": 3', '"epochs": "3"'),
            "epochs: must be a whole number (given '3')",
        ),
        (
            lambda text: text.replace('"epochs": 3', '"epochs": true'),
            "epochs: must be a whole number (given true)",
        ),
        (lambda text: text.replace('"epochs": 3', '"epochs": -3'), "epochs: must be at least 0 (given -3)"),
        (
            lambda text: text.replace('"seconds": ', '"seconds": NaN, "_": '),
            "seconds: must be a finite number (given .nan)",
        ),
        (
            lambda text: text.replace('"finished"', '"fine"'),
            "status: must be 'running', 'finished', 'diverged' or 'interrupted' (given 'fine')",
        ),
        (
            lambda text: re.sub('"[0-9a-f]{64}"', '"0"', text),
            "weights_sha256: is not a SHA-256 in hexadecimal digits",
        ),
        (lambda text: json.dumps(_without_a_key(json.loads(text))), "epochs: missing"),
    ],
)
def test_a_broken_summary_is_a_run_error_that_names_file_and_key(
    tmp_path: Path, trained: Run, change: Callable[[str], str], reason: str
) -> None:
    good = trained.summary_json.read_text()
    assert change(good) != good
    (tmp_path / "summary.json").write_text(change(good))
    with pytest.raises(RunError) as error:
        records.read(tmp_path / "summary.json", Summary)
    assert str(error.value) == f"{tmp_path / 'summary.json'} is broken: {reason}"


def test_a_missing_summary_is_a_run_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json is missing"):
        records.read(tmp_path / "summary.json", Summary)


@pytest.mark.parametrize("threads", [0, 4097, 10**20])
def test_more_threads_than_train_takes_are_a_run_error(tmp_path: Path, trained: Run, threads: int) -> None:
    environment = json.loads(trained.environment_json.read_text())
    (tmp_path / "environment.json").write_text(json.dumps(environment | {"threads": threads}))
    with pytest.raises(RunError, match=r"environment\.json is broken: threads"):
        records.read(tmp_path / "environment.json", Environment)


def test_the_environment_says_what_a_run_was_made_with(trained: Run) -> None:
    written = json.loads(trained.environment_json.read_text())
    assert list(written) == (
        ["nnlab", "python", "numpy", "blas", "threads", "platform", "processor", "dataset", "command"]
    )
    assert records.read(trained.environment_json, Environment).python == platform.python_version()
    environment = describe(threads=2, digests={"train": "0" * 64}, command=["nnlab", "train", "\x1b[31m"])
    assert environment.command == ["nnlab", "train", "\\x1b[31m"]
    assert (environment.nnlab, environment.numpy) == (nnlab.__version__, np.__version__)
    assert (environment.threads, environment.dataset) == (2, {"train": "0" * 64})
    assert all(set(library) == {"library", "version", "kernel", "threads"} for library in environment.blas)
