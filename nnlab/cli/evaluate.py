"""`nnlab eval`: what a run's weights are worth on a split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnlab.cli.options import DataDir, Json, Offline, Runs
from nnlab.cli.output import emit, emit_rendered, table
from nnlab.errors import BelowThresholdError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nnlab.analysis.evaluation import Evaluation


def evaluate(
    run: Annotated[
        str | None,
        typer.Argument(help="A run folder, or its name among the runs.  [default: the newest]"),
    ] = None,
    *,
    split: Annotated[
        Literal["test", "validation", "train"], typer.Option(help="The examples to measure on.")
    ] = "test",
    checkpoint: Annotated[
        Literal["best", "last"], typer.Option(help="The weights of the best or of the last epoch.")
    ] = "best",
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="ACCURACY", help="Exit with 6 if the accuracy is below this."),
    ] = None,
    json: Json = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Measure loss, accuracy, precision, recall and confusion of a run's weights.

    What the best weights reach is kept in the run folder, for `nnlab compare`.

    \b
    Examples:
      nnlab eval
      nnlab eval mnist_softmax-001 --split validation
      nnlab eval --json --fail-under 0.97
    """
    from nnlab.analysis import evaluation
    from nnlab.datasets import Source
    from nnlab.runs import folder, records

    found = folder.find(folder.runs_folder(runs), run)
    source = Source(data_dir, offline=offline, progress=True)
    result = evaluation.evaluate(found, checkpoint=checkpoint, split=split, source=source)
    if checkpoint == "best":
        records.write(found / f"eval_{split}.json", result)
    if json:
        emit(records.as_json(result) + "\n")
    else:
        emit_rendered(*_rendered(result))
    if fail_under is not None and result.accuracy < fail_under:
        raise BelowThresholdError(f"accuracy {result.accuracy} is below {fail_under}")


def _rendered(result: Evaluation) -> list[RenderableType]:
    from rich.markup import escape

    loss = "not finite" if result.loss is None else f"{result.loss:.4f}"
    lines = (
        f"[bold]{escape(result.run)}[/]: {result.checkpoint} weights on the {result.split} split, "
        f"{result.examples:,} examples\n\n"
        f"accuracy  [bold]{result.accuracy:.2%}[/]  ({result.errors:,} errors)\n"
        f"loss      {loss}\n"
    )
    figures = ("examples", "precision", "recall")
    per_class = table("class", *figures, numeric=figures)
    for each in result.per_class:
        per_class.add_row(each.name, f"{each.examples:,}", _percent(each.precision), _percent(each.recall))

    names = [each.name for each in result.per_class]
    confusion = table("", *names, numeric=names, title="\ntrue class ↓  predicted class →")
    for row, (name, counts) in enumerate(zip(names, result.confusion, strict=True)):
        cells = [str(count) if count else "·" for count in counts]
        cells[row] = f"[bold]{cells[row]}[/]"
        confusion.add_row(name, *cells)
    return [lines, per_class, confusion]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"
