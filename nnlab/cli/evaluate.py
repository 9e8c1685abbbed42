"""`nnlab eval`: measure the weights of a run on a split."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Json, Offline, Runs
from nnlab.cli.output import is_terminal, write_result, write_stderr, write_stdout
from nnlab.errors import BelowThresholdError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.config import Baseline, Experiment
    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Piece, Table
    from nnlab.runs.evaluations import CheckpointName, ClassFigures, Evaluation, SplitName
    from nnlab.runs.run import Run


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
    show_errors: Annotated[
        int, typer.Option("--show-errors", min=0, metavar="N", help="Draw the N most confident mistakes.")
    ] = 0,
    json: Json = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Measure loss, accuracy, precision, recall and confusion of a run's weights.

    The figures of the best weights are kept in the run folder, for `nnlab compare`.

    \b
    Examples:
      nnlab eval
      nnlab eval mnist_softmax-001 --split validation
      nnlab eval --show-errors 3
      nnlab eval --json --fail-under 0.97
    """
    from nnlab.analysis.answers import image_shape
    from nnlab.datasets import Source
    from nnlab.jobs.evaluate import evaluate_run
    from nnlab.runs import records
    from nnlab.runs.find import find, runs_folder
    from nnlab.runs.run import experiment_of

    found = find(runs_folder(runs), run)
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    if show_errors:
        if json:
            raise UsageError("--show-errors draws, and --json does not; leave out one of the two")
        image_shape(experiment_of(found))  # an error before anything is measured
    evaluated = evaluate_run(found, checkpoint=checkpoint, split=split, source=source)
    result = evaluated.evaluation
    if json:
        write_stdout(records.as_json(result) + "\n")
    else:
        write_result(*pieces_of(result, evaluated.config))
        if show_errors:
            write_stdout("\n")
            write_result(*_mistakes(found, checkpoint, split, source, show_errors))
    if evaluated.not_kept is not None:
        if not evaluated.is_read_only:
            raise evaluated.not_kept
        write_stderr(f"nnlab: {evaluated.not_kept}; so `nnlab compare` does not show these figures")
    if fail_under is not None and result.accuracy is None:
        raise UsageError(f"{found} is a regression and has no accuracy for --fail-under")
    if fail_under is not None and result.accuracy is not None and result.accuracy < fail_under:
        raise BelowThresholdError(f"accuracy {result.accuracy} is below {fail_under}")


def _mistakes(
    run: Run, checkpoint: CheckpointName, split: SplitName, source: Source, most: int
) -> list[Piece]:
    """Return the most confident mistakes as images."""
    from nnlab.analysis.answers import answers_of, image_shape
    from nnlab.cli import plot_view
    from nnlab.datasets import DATASETS
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    answers = answers_of(run, experiment, source, split=split, checkpoint=checkpoint)
    classes = DATASETS[experiment.dataset].classes
    return plot_view.mistakes(answers, classes, image_shape(experiment), most=most)


def pieces_of(evaluation: Evaluation, config: Experiment | Baseline) -> list[Piece]:
    """Return the figures of an evaluation and, for a classification, those per class and the confusion."""
    from nnlab.analysis.statistics import wilson_interval
    from nnlab.config import Baseline
    from nnlab.rendering.formatters import counted, decimals, percent

    what = config.baseline if isinstance(config, Baseline) else f"{evaluation.checkpoint} weights"
    examples = counted(evaluation.examples, "example")
    figures = [f"loss      {'–' if evaluation.loss is None else decimals(evaluation.loss)}"]
    if evaluation.errors is not None:
        interval = wilson_interval(evaluation.examples - evaluation.errors, evaluation.examples)
        figures.insert(
            0,
            f"accuracy  {percent(evaluation.accuracy)}  ({counted(evaluation.errors, 'error')}; "
            f"95% interval {percent(interval.low)} to {percent(interval.high)})",
        )
    heading = f"{evaluation.run}: {what} on the {evaluation.split} split, {examples}"
    pieces: list[Piece] = [heading, "\n".join(figures)]
    if classes := evaluation.per_class:
        names = [each.name for each in classes]
        pieces += [_per_class(classes), confusion_table(names, evaluation.confusion)]
    return pieces


def _per_class(classes: Sequence[ClassFigures]) -> Table:
    from nnlab.rendering.formatters import count, percent
    from nnlab.rendering.pieces import Column, Table

    return Table(
        {
            "class": Column([each.name for each in classes]),
            "examples": Column([each.examples for each in classes], count),
            "precision": Column([each.precision for each in classes], percent, missing="–"),
            "recall": Column([each.recall for each in classes], percent, missing="–"),
        }
    )


def confusion_table(names: Sequence[str], confusion: Sequence[Sequence[int]]) -> Table:
    """Return the confusion matrix; its diagonal, which counts the right answers, is bold."""
    from nnlab.rendering.pieces import Column, Table

    predicted = {
        name: Column([counts[index] for counts in confusion], _count_or_dot, bold_rows=[index])
        for index, name in enumerate(names)
    }
    return Table({"": Column(names), **predicted}, title="true class ↓, predicted class →")


def _count_or_dot(number: int) -> str:
    return str(number) if number else "·"
