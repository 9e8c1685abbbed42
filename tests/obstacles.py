"""Obstacles: pipes, devices and other things in the place of a file."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEVICE = "/dev/zero"
OBSTACLES = ("a pipe", "a socket", "a device", "a folder")
LINK_TO_ITSELF = "a link to itself"


def put(what: str, path: Path) -> None:
    """Put one of `OBSTACLES`, or a link to itself, at `path`, replacing the file there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a socket":
        # The full path would be too long: a socket's path is limited to 107 bytes.
        with contextlib.chdir(path.parent), contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(path.name)
    elif what == "a device":
        path.symlink_to(DEVICE)
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(path.name)
