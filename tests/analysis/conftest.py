from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import trainings

if TYPE_CHECKING:
    from nnlab.runs.run import Run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose best epoch is not its last; not to be changed."""
    return trainings.train(tmp_path_factory.mktemp("runs"), eta=2.0, epochs=5)
