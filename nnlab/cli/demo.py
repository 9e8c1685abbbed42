"""`nnlab demo`: run the examples of the lecture, and check their claims."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Offline
from nnlab.cli.output import is_terminal, progress_line, write_result, write_stdout
from nnlab.errors import NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.rendering.pieces import Claim, Piece

WIDTH = 80  # the maximum number of columns of text and tables


def demo(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The demo to run.  [default: list them]", autocompletion=completion.demos
        ),
    ] = None,
    *,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Show what the lecture says about neural networks, and check it.

    Each demo prints tables and curves and, at its end, the claims that it checked. What is true by
    definition, by construction or by a theorem is marked as such; the rest is measured. Exit with 1 if a
    claim fails.

    \b
    Examples:
      nnlab demo
      nnlab demo xor
    """
    from nnlab import demos
    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Claim, Column, Table
    from nnlab.training import computing_with

    if name is None:
        names, purposes = list(demos.DEMOS), list(demos.DEMOS.values())
        write_result(Table({"demo": Column(names), "shows": Column(purposes)}))
        return
    if name not in demos.DEMOS:
        from nnlab.config.synonyms import hint_for

        raise UsageError(f"no demo {name}; {hint_for(name, demos.DEMOS)}")
    claims: list[Claim] = []
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    with computing_with(1):  # the networks are small
        for piece in _with_progress(demos.show(name, source)):
            if isinstance(piece, Claim):
                claims.append(piece)
            else:
                _show(piece)
    _conclude(name, claims)


def _with_progress(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces; on a terminal, show progress while one is being computed."""
    while True:
        with progress_line("computing"):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _show(*pieces: Piece) -> None:
    write_stdout("\n")
    write_result(*pieces, width=WIDTH)


def _conclude(name: str, claims: list[Claim]) -> None:
    """Print the claims; raise `NnlabError` if one does not hold."""
    _show(*claims)
    failed = sum(not claim.holds for claim in claims)
    if failed:
        raise NnlabError(f"{failed} of the {len(claims)} claims of {name} did not hold here")
