"""`nnlab demo`: the lecture's examples, run before your eyes, and their claims checked."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Offline
from nnlab.cli.output import emit, emit_table, is_terminal, working
from nnlab.errors import NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.demos.pieces import Claim, Curves, Picture, Piece, Table

WIDTH = 80  # of all that a demo prints, at most


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
    """Show what the lecture says about neural networks, and check that it is so.

    Each demo prints tables and curves, and at its end the claims that it checked. What is true by definition,
    by construction or by a theorem is marked so; the rest is measured. Exit with 1 if a claim fails.

    \b
    Examples:
      nnlab demo
      nnlab demo xor
    """
    from threadpoolctl import threadpool_limits

    from nnlab import demos
    from nnlab.datasets import Source
    from nnlab.demos.pieces import Claim

    if name is None:
        emit_table({"demo": list(demos.DEMOS), "shows": list(demos.DEMOS.values())})
        return
    if name not in demos.DEMOS:
        from nnlab.config.synonyms import instead_of

        raise UsageError(f"no demo {name}; {instead_of(name, demos.DEMOS)}")
    claims: list[Claim] = []
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    with threadpool_limits(1, user_api="blas"):  # the networks are small
        for piece in _announced(demos.show(name, source)):
            if isinstance(piece, Claim):
                claims.append(piece)
            else:
                _show(piece)
    _conclude(name, claims)


def _announced(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces; while one is computed, a terminal says so."""
    while True:
        with working("computing"):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _show(piece: str | Table | Curves | Picture) -> None:
    from nnlab.cli.plot import draw, plot
    from nnlab.demos.pieces import Curves, Picture, Table

    if isinstance(piece, Table):
        _, *others = piece.columns
        emit("\n")
        emit_table(piece.columns, numeric=others, width=_width())
    elif isinstance(piece, Curves):
        emit(f"\n{plot(piece)}")
    elif isinstance(piece, Picture):
        emit(f"\n{draw(piece)}")
    else:
        emit(f"\n{_filled(piece)}\n")


def _width() -> int:
    """Return how many columns the text and the tables of a demo may take."""
    return min(shutil.get_terminal_size().columns, WIDTH) if is_terminal(sys.stdout) else WIDTH


def _filled(text: str, indent: int = 0) -> str:
    """Return `text` in lines that fit; its second line and the others begin after `indent`."""
    return textwrap.fill(text, _width(), subsequent_indent=" " * indent, break_on_hyphens=False)


def _conclude(name: str, claims: list[Claim]) -> None:
    """Print the claims; raise `NnlabError` if one does not hold."""
    emit("\nClaims checked:\n")
    for claim in claims:
        why = f" ({claim.certain})" if claim.certain else ""
        emit(_filled(f"  {'yes' if claim.holds else 'NO '}  {claim.text}{why}", indent=7) + "\n")
    failed = sum(not claim.holds for claim in claims)
    if failed:
        raise NnlabError(f"{failed} of the {len(claims)} claims of {name} did not hold here")
