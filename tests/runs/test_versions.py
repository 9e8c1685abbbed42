"""Runs that version 0.1.0 wrote, and what a later version may add to its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnlab.analysis.comparison import read_row
from nnlab.errors import NewerError
from nnlab.jobs.evaluate import evaluate_run
from nnlab.runs import evaluations, metrics, records
from nnlab.runs.environment import Environment
from nnlab.runs.run import Run
from tests.trainings import OFFLINE, copy_of, resume, summary_of, train

WRITTEN = Path(__file__).parent / "written_by" / "0.1.0"


@pytest.fixture(params=["finished", "interrupted", "linear", "xor"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A copy of a run that version 0.1.0 wrote."""
    return copy_of(Run(WRITTEN / request.param), tmp_path / request.param)


def extend(path: Path) -> None:
    """Add a key to a JSON file, as a later version may."""
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": {"than": "today"}}))


def test_an_old_run_is_compared_and_measured_as_it_was(old: Run) -> None:
    row = read_row(old)
    assert row["status"] == summary_of(old).status
    before = evaluations.read(old, "test") if old.eval_json("test").exists() else None
    measured = evaluate_run(old, source=OFFLINE).evaluation
    assert measured.accuracy is not None
    if before:
        assert measured.accuracy == pytest.approx(before.accuracy, abs=0.002)
        assert row["test_accuracy"] == before.accuracy


@pytest.mark.parametrize(("name", "epochs", "best"), [("finished", 6, None), ("interrupted", 14, 11)])
def test_an_old_run_is_resumed_and_keeps_what_it_had(
    name: str, epochs: int, best: int | None, tmp_path: Path
) -> None:
    run = copy_of(Run(WRITTEN / name), tmp_path / name)
    before = run.metrics_csv.read_bytes()
    environment = records.read(run.environment_json, Environment)
    resume(run, epochs=epochs)
    assert run.metrics_csv.read_bytes().startswith(before)
    summary = summary_of(run)
    assert (summary.status, summary.epochs) == ("finished", epochs)
    assert best in (None, summary.best_epoch)
    assert records.read(run.environment_json, Environment).command == environment.command


def test_what_a_later_version_adds_is_ignored(tmp_path: Path) -> None:
    plain, run = train(tmp_path), train(tmp_path, epochs=2)
    evaluate_run(run, source=OFFLINE)
    for path in (run.summary_json, run.environment_json, run.eval_json("test")):
        extend(path)
    header, *rows = run.metrics_csv.read_text().splitlines()
    run.metrics_csv.write_text("\n".join([f"new,{header},newer", *(f"0.5,{row}," for row in rows)]) + "\n")
    assert read_row(run)["status"] == "finished"
    assert evaluations.read(run, "test").examples == 10_000
    resume(run, epochs=3)
    assert summary_of(run).weights_sha256 == summary_of(plain).weights_sha256
    assert [row.val_loss for row in metrics.read(run.metrics_csv, epochs=9)] == [
        row.val_loss for row in metrics.read(plain.metrics_csv, epochs=9)
    ]


def test_a_schema_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=1)
    newer = json.loads(run.summary_json.read_text()) | {"schema_version": 2}
    for written in (newer, {key: newer[key] for key in ("schema_version", "name")}):
        run.summary_json.write_text(json.dumps(written))
        says = r"summary\.json was written by a newer version \(schema_version 2\); upgrade nnlab"
        with pytest.raises(NewerError, match=says):
            resume(run, epochs=2)
        with pytest.raises(NewerError, match=says):
            evaluate_run(run, source=OFFLINE)
        assert "written by a newer version" in str(read_row(run)["status"])
        assert json.loads(run.summary_json.read_text()) == written
