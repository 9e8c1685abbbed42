"""Results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from nnlab.errors import NnlabError

if TYPE_CHECKING:
    from collections.abc import Container

    from rich.console import Console, RenderableType
    from rich.table import Table

UNLIMITED = 100_000  # columns of a pipe: nothing is cut or folded


def emit(text: str) -> None:
    """Write `text` to stdout; that nobody reads it any more (`| head -1`) is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more as it exits, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise NnlabError(f"cannot write to standard output: {error.strerror or error}") from error


def emit_rendered(*renderables: RenderableType) -> None:
    """Write rich tables or texts to stdout: in colour on a terminal, plain and uncut elsewhere."""
    stdout = _console(sys.stdout)
    with stdout.capture() as capture:
        for renderable in renderables:
            stdout.print(renderable)
    emit("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))


def table(*columns: str, numeric: Container[str] = (), title: str | None = None) -> Table:
    """Return an empty table for stdout, its `numeric` columns to the right; bare but on a terminal."""
    from rich import box
    from rich.table import Table

    terminal = _is_terminal(sys.stdout)
    empty = Table(
        box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, title=title, title_justify="left"
    )
    for column in columns:
        # On a terminal a heading may be folded at its spaces; a program wants it in one word.
        heading = column.replace("_", " ") if terminal else column
        empty.add_column(heading, justify="right" if column in numeric else "left")
    return empty


def complain(message: str) -> None:
    """Write the error `message` to stderr."""
    console().print(message, style="red", markup=False)


def console(*, quiet: bool = False) -> Console:
    """Return the console of stderr, which prints nothing if `quiet`."""
    return _console(sys.stderr, quiet=quiet)


def _console(stream: TextIO | None, *, quiet: bool = False) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        quiet=quiet or stream is None,
        width=None if _is_terminal(stream) else UNLIMITED,
        highlight=False,
        soft_wrap=True,
    )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
