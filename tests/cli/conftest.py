"""Fixtures: nnlab in an empty folder, with a small config."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import Laboratory

if TYPE_CHECKING:
    from tests.laboratory import Outcome


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    """A laboratory that holds linear.yaml and nothing else."""
    lab = Laboratory(tmp_path)
    lab.config()
    return lab


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Laboratory, Outcome]:
    """A laboratory with one finished run, not to be changed, and how its training ended."""
    lab = Laboratory(tmp_path_factory.mktemp("laboratory"))
    lab.config()
    return lab, lab.nnlab("train", "linear.yaml")


@pytest.fixture
def run(first: tuple[Laboratory, Outcome], lab: Laboratory) -> Path:
    """A copy of the finished run in the laboratory of this test."""
    return Path(shutil.copytree(first[0].folder / "runs/linear-001", lab.folder / "runs/linear-001"))
