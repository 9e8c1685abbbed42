from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import trainings

if TYPE_CHECKING:
    from nnlab.runs.run import Run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run, not to be changed."""
    runs = tmp_path_factory.mktemp("runs")
    return trainings.train(runs, architecture=(784, 5, 10), activation="sigmoid")
