"""Writes results to stdout and everything else to stderr."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from nnlab.errors import NnlabError, UsageError
from nnlab.files import SURROGATES, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnlab.rendering import Format
    from nnlab.rendering.pieces import Piece


def _encoded(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what a stream cannot: a byte of a path as itself, any other character as `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    codes = map(ord, error.object[error.start : error.end])
    return bytes(code % 256 if code in SURROGATES else ord("?") for code in codes), error.end


ENCODING_FALLBACK = "nnlab.encoding_fallback"
codecs.register_error(ENCODING_FALLBACK, _encoded)


def write_stdout(text: str) -> bool:
    """Write `text` to stdout; return False if its reader has gone (`| head -1`), which is not an error."""
    if sys.stdout is None:
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output(sys.stdout)
        return False
    except OSError as error:
        discard_output(sys.stdout)
        raise NnlabError(f"cannot write to standard output: {error.strerror or error}") from error
    return True


def discard_output(stream: TextIO) -> None:
    """Discard what `stream` has not flushed; otherwise Python would report an error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_stderr(*parts: str | tuple[str, str]) -> None:
    """Write a line to stderr, if it is open; each part is a text, or a text and its style."""
    if sys.stderr is None:
        return
    from nnlab.rendering.terminal import styled_line

    line = styled_line(*parts, styled=is_terminal(sys.stderr))
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except OSError:
        discard_output(sys.stderr)


@contextmanager
def progress_line(what: str) -> Iterator[None]:
    """Show on a terminal what is being done, and for how long, until the block ends."""
    if not is_terminal(sys.stderr):
        yield
        return
    from tqdm import tqdm  # tqdm keeps this line apart from the bar of a download

    done = threading.Event()
    with tqdm(bar_format=f"{what} … {{elapsed}}", leave=False) as line:

        def count() -> None:
            while not done.wait(0.5):
                line.refresh()

        counter = threading.Thread(target=count, daemon=True)
        counter.start()
        try:
            yield
        finally:
            done.set()
            counter.join()


def write_result(*pieces: Piece, form: Format = "table", width: int | None = None) -> None:
    """Write the pieces of a result to stdout in a format.

    A table is at most `width` columns wide, and on a terminal no wider than the terminal.
    """
    from nnlab.rendering.formats import render

    terminal = is_terminal(sys.stdout)
    if terminal:
        columns = shutil.get_terminal_size().columns
        width = min(width or columns, columns)
    write_stdout(render(pieces, form, width=width, styled=terminal))


def file_to_write(output: Path) -> Path:
    """Return the file that `output` stands for, through links. Raises `UsageError` if it cannot be one."""
    try:
        path = output.resolve()
        is_there, is_file, has_folder = path.exists(), path.is_file(), path.parent.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot write {output}: {reason}; choose another name") from error
    if is_there and not is_file:
        raise UsageError(f"cannot write {output}: it is not a file; name another")
    if not output.name or not has_folder:
        raise UsageError(f"cannot write {output}: there is no folder {output.parent}; make it first")
    return path


def as_path(path: Path) -> str:
    """Return `path` as a result: unchanged for a script, without control characters for a terminal."""
    return printable(str(path)) if is_terminal(sys.stdout) else str(path)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether `stream` is a terminal, which a person reads."""
    return stream is not None and stream.isatty()
