"""What tests of every part use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# A second thread of the matrix library has nothing to do in networks as small as these, and spins meanwhile.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Files whose tests take seconds: they start processes, train, or wait for what is slow on purpose.
SLOW = (
    *("test_torture", "test_claims", "test_benchmarks", "test_examples", "test_download", "test_methods"),
    *("test_oddities", "test_faults", "test_untrusted", "test_terminal", "test_baseline", "test_gradcheck"),
    *("test_slips", "test_exit_codes", "test_inventory", "test_train", "test_resume", "test_interruption"),
    *("test_completion", "test_data", "test_toys"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make quick` leaves out, and begin with them, lest one core wait for another."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker("slow")
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))
