"""Settings and markers of all tests."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# The networks are so small that a second thread of the matrix library would only spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A suite that a shell runs in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Files whose tests take seconds: they start processes, train, or wait for something that is slow by design.
SLOW = (
    *(
        "test_torture",
        "test_cluster",
        "test_sweep",
        "test_claims",
        "test_benchmarks",
        "test_examples",
        "test_download",
        "test_methods",
    ),
    *("test_unusual_uses", "test_faults", "test_untrusted", "test_terminal", "test_baseline"),
    *("test_gradcheck", "test_find"),
    *("test_mistakes", "test_exit_codes", "test_inventory", "test_train", "test_resume", "test_interruption"),
    *("test_completion", "test_data", "test_toys", "test_interface", "test_notebook", "test_callbacks"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, and run them first, so that no core idles at the end."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker("slow")
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))
