"""What tests of every part use."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
