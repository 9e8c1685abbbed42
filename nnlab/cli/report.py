"""`nnlab report`: one page about runs, which needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli.options import DataDir, Offline, Runs, RunsOrSweep
from nnlab.cli.output import as_path, file_to_write, write_stdout
from nnlab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.datasets import Source
    from nnlab.report.page import Page
    from nnlab.runs.run import Run


def report(
    named: RunsOrSweep = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the page.")
    ] = Path("report.html"),
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Write a page that shows what a run learned, and lets you draw digits for it.

    It holds curves, test figures, confusion, mistakes, weights, calibration, the drawing board, and what
    repeats the run. Of several runs or a sweep, it compares all and shows the best in detail.

    \b
    Examples:
      nnlab report
      nnlab report mnist_softmax-001 -o softmax.html
      nnlab report rates -o rates.html
    """
    from nnlab.datasets import Source
    from nnlab.extras import need
    from nnlab.files import atomic_write
    from nnlab.runs.find import find, find_each, named_sweep, runs_folder

    need("jinja2", "PIL")
    path = file_to_write(output)
    from nnlab.report.page import rendered

    runs_dir = runs_folder(runs)
    found = find_each(runs_dir, named) if named else [find(runs_dir, None)]
    sweep = named_sweep(runs_dir, named or ())
    title = sweep or f"{len(found)} runs"
    content = rendered(page_about(found, title, runs_dir, Source(data_dir, offline=offline))).encode()
    with atomic_write(path) as file:
        file.write(content)
    write_stdout(f"{as_path(output)}\n")


def page_about(found: Sequence[Run], title: str, runs_dir: Path, source: Source) -> Page:
    """Return the page about one run, or about several and the best of them."""
    from nnlab.analysis import comparison
    from nnlab.analysis.groups import compare_groups
    from nnlab.analysis.history import histories_of
    from nnlab.cli.compare import pieces_of
    from nnlab.cli.groups import pieces_of_groups
    from nnlab.rendering.pieces import Table
    from nnlab.report.contents import page_of
    from nnlab.runs.find import name_of

    names = [name_of(run, runs_dir) for run in found]
    if len(found) == 1:
        return page_of(found[0], histories_of(found, names)[0], source)
    compared = comparison.compare(found, runs_dir=runs_dir)
    by_name = dict(zip(names, found, strict=True))
    ranked = [
        str(row["run"])
        for row in compared.rows
        if row["baseline"] is None and not str(row["status"]).startswith("broken")
    ]
    if not ranked:
        raise UsageError("none of these runs is a network that can be read; name another")
    histories, _ = histories_of([by_name[name] for name in ranked], ranked)
    groups = compare_groups(found, runs_dir=runs_dir)
    has_seeds = any(len(group.seeds) > 1 for group in groups)
    pieces = [*(pieces_of_groups(groups) if has_seeds else []), *pieces_of(compared)]
    return page_of(
        by_name[ranked[0]],
        histories,
        source,
        title=title,
        overview=[piece for piece in pieces if isinstance(piece, Table)],
        notes=[piece for piece in pieces if isinstance(piece, str)],
    )
