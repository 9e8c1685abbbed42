from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.runs import lock
from nnlab.runs.lock import is_locked, locked
from nnlab.runs.run import create

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_is_locked_by_one_training_at_a_time(tmp_path: Path) -> None:
    run = create(tmp_path, "a")
    refusal = pytest.raises(RunError, match=f"is being trained by process {os.getpid()} on ")
    assert not is_locked(run)
    with locked(run):
        assert is_locked(run)
        with refusal, locked(run):
            pass
    assert not is_locked(run)
    with locked(run):
        pass


def test_a_new_folder_that_cannot_be_locked_goes_and_a_run_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock, "open_regular", fail)
    new, old = create(tmp_path, "new"), create(tmp_path, "old")
    old.config_yaml.touch()
    for run in (new, old):
        with pytest.raises(NnlabError, match=r"cannot write .*\.lock: No space left"), locked(run):
            pass
    assert not new.folder.exists()
    assert old.config_yaml.exists()
