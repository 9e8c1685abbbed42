"""`nnlab eval`: what a run's weights are worth on a split."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Json, Offline, Runs
from nnlab.cli.output import counted, decimals, emit, emit_table, is_terminal, percent, tell
from nnlab.errors import BelowThresholdError, UsageError
from nnlab.files import printable

if TYPE_CHECKING:
    from nnlab.config import Baseline, Experiment
    from nnlab.runs.evaluations import Evaluation


def evaluate(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A run folder, or its name among the runs.  [default: the newest]",
            autocompletion=completion.runs,
        ),
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
    from nnlab import jobs
    from nnlab.datasets import Source
    from nnlab.runs import records
    from nnlab.runs.find import find, runs_folder

    found = find(runs_folder(runs), run)
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    evaluated = jobs.evaluate(found, checkpoint=checkpoint, split=split, source=source)
    result = evaluated.evaluation
    if json:
        emit(records.as_json(result) + "\n")
    else:
        _show(result, evaluated.config)
    if evaluated.not_kept is not None:
        if not evaluated.is_read_only:
            raise evaluated.not_kept
        tell(f"nnlab: {evaluated.not_kept}; so `nnlab compare` does not show these figures")
    if fail_under is not None and result.accuracy is None:
        raise UsageError(f"{found} is a regression and has no accuracy for --fail-under")
    if fail_under is not None and result.accuracy is not None and result.accuracy < fail_under:
        raise BelowThresholdError(f"accuracy {result.accuracy} is below {fail_under}")


def _show(result: Evaluation, config: Experiment | Baseline) -> None:
    from rich.text import Text

    from nnlab.config import Baseline

    what = config.baseline if isinstance(config, Baseline) else f"{result.checkpoint} weights"
    examples = counted(result.examples, "example")
    emit(f"{printable(result.run)}: {what} on the {result.split} split, {examples}\n\n")
    if result.errors is not None:
        emit(f"accuracy  {percent(result.accuracy)}  ({counted(result.errors, 'error')})\n")
    emit(f"loss      {'–' if result.loss is None else decimals(result.loss)}\n")
    if not result.per_class:
        return
    emit("\n")
    classes = result.per_class
    names = [each.name for each in classes]
    figures = {
        "examples": [f"{each.examples:,}" for each in classes],
        "precision": [percent(each.precision) for each in classes],
        "recall": [percent(each.recall) for each in classes],
    }
    emit_table({"class": names, **figures}, numeric=figures)

    confusion: dict[str, list[str | Text]] = {
        name: [str(counts[column]) if counts[column] else "·" for counts in result.confusion]
        for column, name in enumerate(names)
    }
    for row, name in enumerate(names):
        confusion[name][row] = Text(str(confusion[name][row]), style="bold")
    emit("\ntrue class ↓, predicted class →\n")
    emit_table({"": names, **confusion}, numeric=names)
