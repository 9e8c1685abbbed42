from __future__ import annotations

import os
from pathlib import Path

import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.runs import run as run_module
from nnlab.runs.run import Run, create, experiment_of


def test_folders_count_up_from_001(tmp_path: Path) -> None:
    runs = tmp_path / "deep" / "runs"
    assert [create(runs, "a").name for _ in range(3)] == ["a-001", "a-002", "a-003"]
    assert create(runs, "b").name == "b-001"


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
    assert create(tmp_path, "a").name == new


def test_a_file_takes_a_number_as_well(tmp_path: Path) -> None:
    (tmp_path / "a-001").write_text("notes")
    assert create(tmp_path, "a").name == "a-002"
    assert (tmp_path / "a-001").read_text() == "notes"


def test_a_name_with_regular_expression_characters_means_itself(tmp_path: Path) -> None:
    (tmp_path / "axx-009").mkdir()
    assert create(tmp_path, "a.+").name == "a.+-001"
    assert create(tmp_path, "a.+").name == "a.+-002"


def test_a_folder_that_another_process_made_in_between_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-001").mkdir()
    (tmp_path / "a-001" / "theirs").touch()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda _: iter(()))
        assert create(tmp_path, "a").name == "a-002"
    assert [path.name for path in (tmp_path / "a-001").iterdir()] == ["theirs"]


def test_a_folder_whose_name_cannot_be_made_durable_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(run_module, "sync_folder", fail)
    with pytest.raises(NnlabError, match=r"cannot make a run folder in .*: Input/output error"):
        create(tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_a_runs_folder_that_is_a_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(NnlabError, match=r"runs: File exists; choose another with --runs") as error:
        create(tmp_path / "runs", "a")
    assert error.value.exit_code == 1


def test_a_broken_config_in_a_run_is_a_run_error(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.config_yaml.write_text("dataset: mnist\nnonsense: 1\n")
    with pytest.raises(RunError, match=r"config.yaml:2: nonsense: unknown key"):
        experiment_of(run)
    run.config_yaml.unlink()
    with pytest.raises(RunError, match=r"config.yaml is missing"):
        experiment_of(run)


def test_a_run_has_the_paths_of_its_files_and_is_a_path_itself(trained: Run) -> None:
    written = {path.name for path in trained.folder.iterdir()}
    paths = [getattr(trained, name) for name, member in vars(Run).items() if isinstance(member, property)]
    assert written == {path.name for path in paths if isinstance(path, Path) and path.exists()}
    assert str(trained) == os.fspath(trained) == str(trained.folder)
    assert trained.eval_json("test") == trained.folder / "eval_test.json"
