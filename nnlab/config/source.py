"""Reads the text of a config from a file or standard input: limited in size, and UTF-8."""

from __future__ import annotations

import errno
import os
import sys
from difflib import get_close_matches
from pathlib import Path

from nnlab.config.messages import one_line
from nnlab.config.yaml12 import MAX_BYTES
from nnlab.errors import ConfigError
from nnlab.files import open_regular
from nnlab.shipped import configs

_CONFIGS = Path("configs")  # a usual folder for configs


def place_of(path: Path | None) -> str:
    """Return how messages refer to the file."""
    return "<stdin>" if path is None else one_line(str(path), limit=4096)


def read_text(path: Path | None) -> str:
    """Return the text of a config, from standard input if `path` is None. Raises `ConfigError`."""
    try:
        content = _read_bytes(path)
    except FileNotFoundError:
        raise ConfigError([f"{place_of(path)}: no such file{_nearby(path)}"]) from None
    except IsADirectoryError:
        raise ConfigError([f"{place_of(path)}: a folder, not a config file{_nearby(path)}"]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        if getattr(error, "errno", None) == errno.EINVAL:
            reason = f"{reason}; write - to read a config from standard input"
        raise ConfigError([f"{place_of(path)}: cannot be read: {reason}"]) from None
    return decoded(content, path)


def decoded(content: bytes, path: Path | None) -> str:
    """Return the `content` of the config at `path` as text. Raises `ConfigError`."""
    if len(content) > MAX_BYTES:
        raise ConfigError(
            [f"{place_of(path)}: larger than {MAX_BYTES // 1024} KiB; a config is one screen of text"]
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise ConfigError([f"{place_of(path)}:{line}: not UTF-8 text (byte 0x{byte:02x})"]) from None


def _read_bytes(path: Path | None) -> bytes:
    if path is not None:
        # A shell puts the pipe of <(…) there. Waiting for any other pipe might never end.
        is_of_the_shell = path.parts[:2] in (("/", "dev"), ("/", "proc"))
        descriptor = os.open(path, os.O_RDONLY) if is_of_the_shell else open_regular(path)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_BYTES + 1)
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _nearby(path: Path | None) -> str:
    """Return a hint: an existing config that may be meant, or the shipped configs."""
    if path is None:
        return ""
    if (path / "config.yaml").is_file():  # of a run
        return f"; did you mean {place_of(path / 'config.yaml')}?"
    shipped = list(configs())
    folder = path if path.is_dir() else path.parent
    existing = [file for place in (_CONFIGS, folder) for file in sorted(place.glob("*.y*ml"))]
    by_stem = dict(zip(shipped, shipped, strict=True)) | {file.stem: str(file) for file in existing}
    if close := get_close_matches(path.stem, by_stem, n=1):
        return f"; did you mean {one_line(by_stem[close[0]], limit=4096)}?"
    return f"; nnlab comes with {', '.join(shipped)} (`nnlab config list`)" if shipped else ""
