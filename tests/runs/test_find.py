from __future__ import annotations

import os
from pathlib import Path

import pytest

from nnlab.errors import RunError
from nnlab.runs.find import find, find_all, runs_folder
from nnlab.runs.run import Run


def touched(runs: Path, name: str, *, second: int = 0) -> Run:
    """Make a folder that passes for a run, touched last at the given second."""
    run = Run(runs / name)
    run.folder.mkdir(parents=True)
    run.config_yaml.touch()
    os.utime(run.config_yaml, (second, second))
    return run


def test_the_runs_folder_is_the_one_named_else_the_variable_else_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NNLAB_RUNS", "from-variable")
    assert runs_folder(Path("named")) == Path("named")
    assert runs_folder(None) == Path("from-variable")
    monkeypatch.setenv("NNLAB_RUNS", "")
    assert runs_folder(None) == Path("runs")
    monkeypatch.delenv("NNLAB_RUNS")
    assert runs_folder(None) == Path("runs")


def test_a_run_is_found_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = Path("runs")
    made = touched(tmp_path / "runs", "a-001")
    assert find(runs, str(made)) == made
    assert find(runs, "runs/a-001") == Run(Path("runs/a-001"))
    assert find(runs, "runs/a-001/") == Run(Path("runs/a-001"))
    assert find(runs, "a-001") == Run(Path("runs/a-001"))
    assert find(Path("other"), str(made)) == made


def test_a_name_finds_the_run_although_another_folder_of_that_name_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-001").mkdir()
    touched(tmp_path / "runs", "a-001")
    assert find(Path("runs"), "a-001") == Run(Path("runs/a-001"))


def test_no_name_finds_the_run_touched_last(tmp_path: Path) -> None:
    touched(tmp_path / "runs", "b-001", second=1)
    newest = touched(tmp_path / "runs", "a-001", second=3)
    touched(tmp_path / "runs", "c-001", second=2)
    (tmp_path / "runs" / "z-not-a-run").mkdir()
    assert find(tmp_path / "runs", None) == newest


def test_a_summary_written_later_makes_a_run_the_newest(tmp_path: Path) -> None:
    resumed = touched(tmp_path / "runs", "a-001", second=1)
    touched(tmp_path / "runs", "b-001", second=2)
    resumed.summary_json.touch()
    os.utime(resumed.summary_json, (3, 3))
    assert find(tmp_path / "runs", None) == resumed


def test_runs_are_listed_by_name_and_other_entries_left_out(tmp_path: Path) -> None:
    expected = [touched(tmp_path / "runs", "a-001"), touched(tmp_path / "runs", "b-001")]
    (tmp_path / "runs" / "empty").mkdir()
    (tmp_path / "runs" / "notes.txt").touch()
    assert find_all(tmp_path / "runs") == expected
    assert find_all(tmp_path / "nowhere") == []


def test_what_is_no_run_and_what_is_not_there_are_run_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    touched(tmp_path / "runs", "a-001")
    (tmp_path / "photos").mkdir()
    with pytest.raises(
        RunError, match=r"no run photos, neither as a path nor in runs: a run is a folder with a config.yaml"
    ):
        find(Path("runs"), "photos")
    with pytest.raises(RunError, match=r"no run nosuch, .*; `nnlab compare` lists them"):
        find(Path("runs"), "nosuch")
    with pytest.raises(RunError, match=r"no runs in nowhere; train one with `nnlab train CONFIG`"):
        find(Path("nowhere"), None)


def test_a_runs_folder_that_is_a_file_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(RunError, match=r"cannot read .*runs: Not a directory"):
        find_all(tmp_path / "runs")
