from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.runs import folder

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder that passes for a run, touched last at the given second."""

    def make(name: str, *, second: int = 0) -> Path:
        path = tmp_path / "runs" / name
        path.mkdir(parents=True)
        (path / folder.CONFIG).touch()
        os.utime(path / folder.CONFIG, (second, second))
        return path

    return make


def test_folders_count_up_from_001(tmp_path: Path) -> None:
    runs = tmp_path / "deep" / "runs"
    assert [folder.create(runs, "a").name for _ in range(3)] == ["a-001", "a-002", "a-003"]
    assert folder.create(runs, "b").name == "b-001"


@pytest.mark.parametrize(
    ("taken", "new"),
    [
        (["a-001", "a-007"], "a-008"),  # a gap is not filled: an old number may be in somebody's notes
        (["a-999"], "a-1000"),
        (["a-1000", "a-002"], "a-1001"),
        (["a-b-005", "ba-005", "a-x", "a-1", "a-005-old"], "a-001"),
        (["a-" + 240 * "9", "a-٠٠٧", "a-００９"], "a-001"),  # not numbers that anything counts on from
    ],
)
def test_a_new_number_is_above_all_that_are_taken(tmp_path: Path, taken: list[str], new: str) -> None:
    for name in taken:
        (tmp_path / name).mkdir()
    assert folder.create(tmp_path, "a").name == new


def test_a_file_takes_a_number_as_well(tmp_path: Path) -> None:
    (tmp_path / "a-001").write_text("notes")
    assert folder.create(tmp_path, "a").name == "a-002"
    assert (tmp_path / "a-001").read_text() == "notes"


def test_a_name_with_regular_expression_characters_means_itself(tmp_path: Path) -> None:
    (tmp_path / "axx-009").mkdir()
    assert folder.create(tmp_path, "a.+").name == "a.+-001"
    assert folder.create(tmp_path, "a.+").name == "a.+-002"


def test_a_folder_that_another_process_made_in_between_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-001").mkdir()
    (tmp_path / "a-001" / "theirs").touch()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda _: iter(()))
        assert folder.create(tmp_path, "a").name == "a-002"
    assert [path.name for path in (tmp_path / "a-001").iterdir()] == ["theirs"]


def test_a_folder_whose_name_cannot_be_made_durable_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(folder, "sync_folder", fail)
    with pytest.raises(NnlabError, match=r"cannot make a run folder in .*: Input/output error"):
        folder.create(tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_a_runs_folder_that_is_a_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(NnlabError, match=r"runs: File exists; choose another with --runs") as error:
        folder.create(tmp_path / "runs", "a")
    assert error.value.exit_code == 1
    with pytest.raises(RunError, match=r"cannot read .*runs: Not a directory"):
        folder.find_all(tmp_path / "runs")


def test_the_runs_folder_is_the_one_named_else_the_variable_else_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NNLAB_RUNS", "from-variable")
    assert folder.runs_folder(Path("named")) == Path("named")
    assert folder.runs_folder(None) == Path("from-variable")
    monkeypatch.setenv("NNLAB_RUNS", "")
    assert folder.runs_folder(None) == Path("runs")
    monkeypatch.delenv("NNLAB_RUNS")
    assert folder.runs_folder(None) == Path("runs")


def test_a_run_is_found_by_path_and_by_name(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = Path("runs")
    made = run("a-001")
    assert folder.find(runs, str(made)) == made
    assert folder.find(runs, "runs/a-001") == Path("runs/a-001")
    assert folder.find(runs, "runs/a-001/") == Path("runs/a-001")
    assert folder.find(runs, "a-001") == Path("runs/a-001")
    assert folder.find(Path("other"), str(made)) == made


def test_a_name_finds_the_run_although_another_folder_of_that_name_is_here(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-001").mkdir()
    run("a-001")
    assert folder.find(Path("runs"), "a-001") == Path("runs/a-001")


def test_no_name_finds_the_run_touched_last(run: Callable[..., Path], tmp_path: Path) -> None:
    run("b-001", second=1)
    newest = run("a-001", second=3)
    run("c-001", second=2)
    (tmp_path / "runs" / "z-not-a-run").mkdir()
    assert folder.find(tmp_path / "runs", None) == newest


def test_a_summary_written_later_makes_a_run_the_newest(run: Callable[..., Path], tmp_path: Path) -> None:
    resumed = run("a-001", second=1)
    run("b-001", second=2)
    (resumed / folder.SUMMARY).touch()
    os.utime(resumed / folder.SUMMARY, (3, 3))
    assert folder.find(tmp_path / "runs", None) == resumed


def test_runs_are_listed_by_name_without_what_is_none(run: Callable[..., Path], tmp_path: Path) -> None:
    expected = [run("a-001"), run("b-001")]
    (tmp_path / "runs" / "empty").mkdir()
    (tmp_path / "runs" / "notes.txt").touch()
    assert folder.find_all(tmp_path / "runs") == expected
    assert folder.find_all(tmp_path / "nowhere") == []


def test_what_is_no_run_and_what_is_not_there_are_run_errors(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("a-001")
    (tmp_path / "photos").mkdir()
    with pytest.raises(
        RunError, match=r"no run photos, neither as a path nor in runs: a run is a folder with a config.yaml"
    ):
        folder.find(Path("runs"), "photos")
    with pytest.raises(RunError, match=r"no run nosuch, .*; `nnlab compare` lists them"):
        folder.find(Path("runs"), "nosuch")
    with pytest.raises(RunError, match=r"no runs in nowhere; train one with `nnlab train CONFIG`"):
        folder.find(Path("nowhere"), None)


def test_a_broken_config_in_a_run_is_a_run_error(run: Callable[..., Path]) -> None:
    made = run("a-001")
    (made / folder.CONFIG).write_text("dataset: mnist\nnonsense: 1\n")
    with pytest.raises(RunError, match=r"config.yaml:2: nonsense: unknown key"):
        folder.experiment_of(made)
    (made / folder.CONFIG).unlink()
    with pytest.raises(RunError, match=r"config.yaml is missing"):
        folder.experiment_of(made)


def test_a_run_is_claimed_by_one_process_at_a_time(run: Callable[..., Path]) -> None:
    made = run("a-001")
    refusal = pytest.raises(RunError, match=f"is being trained by process {os.getpid()} on ")
    with folder.claimed(made), refusal, folder.claimed(made):
        pass
    with folder.claimed(made):
        pass


def test_a_new_folder_that_cannot_be_claimed_goes_and_a_run_stays(
    tmp_path: Path, run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "open_regular", fail)
    for path in (folder.create(tmp_path, "new"), made := run("a-001")):
        with pytest.raises(NnlabError, match=r"cannot write .*\.lock: No space left"), folder.claimed(path):
            pass
    assert not (tmp_path / "new-001").exists()
    assert (made / folder.CONFIG).exists()
