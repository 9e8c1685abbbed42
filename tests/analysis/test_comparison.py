from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from nnlab.analysis.comparison import compare, read_row
from nnlab.config import Experiment
from nnlab.errors import UsageError
from nnlab.runs import records
from nnlab.runs.lock import locked
from tests.untrained_runs import make_untrained_run

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.analysis.comparison import Comparison

RESULTS = ["best_epoch", "val_accuracy", "test_accuracy", "parameters", "seconds", "status"]


def order(comparison: Comparison) -> list[object]:
    return [row["run"] for row in comparison.rows]


def test_only_the_config_keys_that_differ_are_shown(tmp_path: Path) -> None:
    runs = [
        make_untrained_run(tmp_path / "a-001", eta=0.1, name="a"),
        make_untrained_run(tmp_path / "b-001", eta=0.2, l2=0.1, name="b"),
    ]
    assert compare(runs, runs_dir=tmp_path).columns == ["run", "eta", "l2", *RESULTS]
    assert compare(runs[:1], runs_dir=tmp_path).columns == ["run", *RESULTS]


def test_everything_shows_every_key_of_the_config_and_every_result(tmp_path: Path) -> None:
    shown = compare([make_untrained_run(tmp_path / "a-001")], runs_dir=tmp_path, everything=True)
    assert shown.columns == [
        "run",
        *Experiment.model_fields,
        "baseline",
        "neighbours",
        "penalty",
        "gamma",
        "ridge",
        *RESULTS,
        "val_loss",
        "test_loss",
        "epochs_done",
        "stop_reason",
        "train_examples",
        "weights_sha256",
    ]
    row = shown.rows[0]
    assert (row["epochs"], row["epochs_done"], row["architecture"]) == (3, 3, [784, 10])


def test_epochs_are_those_of_the_config_and_epochs_done_those_of_the_run(tmp_path: Path) -> None:
    run = make_untrained_run(tmp_path / "a-001", epochs=60, summary={"epochs": 17, "stop_reason": "patience"})
    row = compare([run], runs_dir=tmp_path).rows[0]
    assert (row["epochs"], row["epochs_done"], row["stop_reason"]) == (60, 17, "patience")


def test_the_best_is_first_and_what_has_no_figure_is_last(tmp_path: Path) -> None:
    runs = [
        make_untrained_run(tmp_path / "none", summary={"val_accuracy": None}),
        make_untrained_run(tmp_path / "low", summary={"val_accuracy": 0.5}),
        make_untrained_run(tmp_path / "high", summary={"val_accuracy": 0.9}),
    ]
    assert order(compare(runs, runs_dir=tmp_path)) == ["high", "low", "none"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("val_loss", ["b", "c", "a", "none"]),
        ("-val_loss", ["a", "c", "b", "none"]),
        ("eta", ["none", "a", "b", "c"]),
        ("-eta", ["c", "b", "a", "none"]),
        ("batch_size", ["c", "none", "a", "b"]),  # numbers first, then `full`
        ("-batch_size", ["b", "a", "none", "c"]),
        ("run", ["a", "b", "c", "none"]),
    ],
)
def test_any_column_sorts_up_and_down(tmp_path: Path, sort: str, expected: list[str]) -> None:
    runs = [
        make_untrained_run(tmp_path / "none", summary={"val_loss": None}, eta=0.001, batch_size=100),
        make_untrained_run(tmp_path / "a", summary={"val_loss": 3.0}, eta=0.5, batch_size=500),
        make_untrained_run(tmp_path / "b", summary={"val_loss": 1.0}, eta=1.0, batch_size="full"),
        make_untrained_run(tmp_path / "c", summary={"val_loss": 2.0}, eta=10.0, batch_size=9),
    ]
    assert order(compare(runs, runs_dir=tmp_path, sort=sort)) == expected


def test_ties_keep_the_order_of_the_names(tmp_path: Path) -> None:
    runs = [make_untrained_run(tmp_path / name) for name in ("a", "b", "c")]
    assert order(compare(runs, runs_dir=tmp_path)) == ["a", "b", "c"]
    assert order(compare(runs, runs_dir=tmp_path, sort="val_loss")) == ["a", "b", "c"]


def test_top_keeps_the_first_rows_after_sorting(tmp_path: Path) -> None:
    runs = [make_untrained_run(tmp_path / str(n), summary={"val_accuracy": n / 10}) for n in range(5)]
    assert order(compare(runs, runs_dir=tmp_path, top=2)) == ["4", "3"]


def test_columns_are_shown_as_named_and_sorting_by_another_is_possible(tmp_path: Path) -> None:
    runs = [
        make_untrained_run(tmp_path / "a", summary={"seconds": 2.0}),
        make_untrained_run(tmp_path / "b", summary={"seconds": 1.0}),
    ]
    shown = compare(runs, runs_dir=tmp_path, columns=["eta", "run"], sort="seconds")
    assert shown.columns == ["eta", "run"]
    assert order(shown) == ["b", "a"]


@pytest.mark.parametrize("wrong", [{"sort": "nosuch"}, {"sort": "-nosuch"}, {"columns": ["run", "nosuch"]}])
def test_a_column_that_does_not_exist_is_a_usage_error_that_lists_those_that_do(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=r"no column 'nosuch'; there are run, name, dataset, .*val_accuracy"):
        compare([make_untrained_run(tmp_path / "a")], runs_dir=tmp_path, **wrong)


def test_test_accuracy_is_there_once_eval_has_measured_it(tmp_path: Path) -> None:
    runs = [make_untrained_run(tmp_path / "a"), make_untrained_run(tmp_path / "b", test_accuracy=0.9)]
    rows = {row["run"]: row for row in compare(runs, runs_dir=tmp_path).rows}
    assert (rows["a"]["test_accuracy"], rows["a"]["test_loss"]) == (None, None)
    assert (rows["b"]["test_accuracy"], rows["b"]["test_loss"]) == (0.9, 0.25)


def test_a_run_says_whether_it_is_being_trained_or_was_killed(tmp_path: Path) -> None:
    run = make_untrained_run(tmp_path / "a", summary={"status": "running", "stop_reason": None})
    with locked(run):
        assert compare([run], runs_dir=tmp_path).rows[0]["status"] == "running"
    assert compare([run], runs_dir=tmp_path).rows[0]["status"] == "unfinished"


@pytest.mark.parametrize("status", ["interrupted", "diverged"])
def test_an_unfinished_run_says_so(tmp_path: Path, status: str) -> None:
    nothing = {"best_epoch": None, "best_value": None, "val_loss": None, "val_accuracy": None}
    run = make_untrained_run(
        tmp_path / "a", summary={"status": status, "stop_reason": status, "epochs": 0} | nothing
    )
    row = compare([run], runs_dir=tmp_path).rows[0]
    assert (row["status"], row["val_accuracy"], row["eta"]) == (status, None, 0.1)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("summary.json", "{", "broken: .*summary.json is broken"),
        ("summary.json", None, "unfinished"),
        ("config.yaml", "eta: [", "broken: .*config.yaml"),
        ("config.yaml", None, "broken: config.yaml is missing"),
        ("config.yaml", "\x00", "broken: .*config.yaml"),
        ("eval_test.json", "{}", "broken: .*eval_test.json is broken"),
    ],
)
def test_a_broken_run_gets_a_row_that_says_what_is_broken(
    tmp_path: Path, file: str, content: str | None, says: str
) -> None:
    broken, whole = make_untrained_run(tmp_path / "broken", eta=0.7), make_untrained_run(tmp_path / "whole")
    if content is None:
        (broken.folder / file).unlink()
    else:
        (broken.folder / file).write_text(content)
    shown = compare([broken, whole], runs_dir=tmp_path)
    rows = {row["run"]: row for row in shown.rows}
    assert rows["whole"]["status"] == "finished"
    status = rows["broken"]["status"]
    assert isinstance(status, str)
    assert re.match(says, status)
    assert "\n" not in status


def test_a_run_without_a_config_does_not_make_every_key_differ(tmp_path: Path) -> None:
    broken, whole = make_untrained_run(tmp_path / "broken"), make_untrained_run(tmp_path / "whole")
    (broken.folder / "config.yaml").unlink()
    assert compare([broken, whole], runs_dir=tmp_path).columns == ["run", *RESULTS]


def test_a_config_of_an_older_nnlab_may_lack_keys(tmp_path: Path) -> None:
    old = make_untrained_run(tmp_path / "old")
    lines = (old.folder / "config.yaml").read_text().splitlines(keepends=True)
    (old.folder / "config.yaml").write_text(
        "".join(line for line in lines if not line.startswith("momentum"))
    )
    row, _ = compare([old, make_untrained_run(tmp_path / "new")], runs_dir=tmp_path).rows
    assert (row["run"], row["status"], row["momentum"]) == ("old", "finished", 0.0)


def test_a_run_elsewhere_is_called_by_its_path(tmp_path: Path) -> None:
    run = make_untrained_run(tmp_path / "a-001")
    assert order(compare([run], runs_dir=tmp_path)) == ["a-001"]
    assert order(compare([run], runs_dir=tmp_path / "other")) == [str(run)]


def test_a_summary_that_appears_while_a_run_is_read_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_untrained_run(tmp_path / "a-001")
    summary = run.summary_json.read_bytes()
    run.summary_json.unlink()
    read = records.read

    def then_it_appears(path: Path, kind: type) -> object:
        try:
            return read(path, kind)
        finally:
            run.summary_json.write_bytes(summary)

    monkeypatch.setattr(records, "read", then_it_appears)
    assert read_row(run)["status"] == "unfinished"


def test_a_column_that_is_named_twice_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="column eta is named twice; leave out one of the two"):
        compare([make_untrained_run(tmp_path / "a")], runs_dir=tmp_path, columns=["eta", "run", "eta"])
