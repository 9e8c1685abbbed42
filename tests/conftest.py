"""What tests of every part use."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

# A second thread of the matrix library has nothing to do in networks as small as these, and spins meanwhile.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# Files whose tests take seconds: they start processes, train, or wait for what is slow on purpose.
SLOW = (
    *("test_torture", "test_claims", "test_benchmarks", "test_examples", "test_download", "test_methods"),
    *("test_oddities", "test_faults", "test_untrusted", "test_terminal", "test_baseline", "test_gradcheck"),
    *(
        "test_slips",
        "test_exit_codes",
        "test_inventory",
        "test_train",
        "test_resume",
        "test_interruption",
        "test_completion",
        "test_data",
        "test_toys",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make quick` leaves out, and begin with them, lest one core wait for another."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker("slow")
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))


def put_in_place(path: Path, what: str) -> None:
    """Put something that is not a file where one is expected."""
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            folder = os.open(path.parent, os.O_RDONLY)  # a socket's path may have no more than 107 bytes
            try:
                server.bind(f"/proc/self/fd/{folder}/{path.name}")
            finally:
                os.close(folder)
    elif what == "a device":
        path.symlink_to("/dev/zero")
    elif what == "a folder":
        path.mkdir()
    elif what == "a link to itself":
        path.symlink_to(path.name)
    else:
        raise ValueError(what)


@pytest.fixture
def put() -> Callable[[Path, str], None]:
    return put_in_place
