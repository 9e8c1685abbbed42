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

    from nnlab.analysis.committee import Committee
    from nnlab.config import Baseline, Experiment
    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Piece, Table
    from nnlab.runs.evaluations import CheckpointName, ClassFigures, Evaluation, SplitName
    from nnlab.runs.run import Run


def evaluate(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="A run folder, or its name among the runs; several are averaged.  [default: the newest]",
            show_default=False,
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

    The figures of the best weights are kept in the run folder, for `nnlab compare`. Several runs, a pattern
    or a sweep are a committee: the means of their probabilities are measured, and what each run contributes.

    \b
    Examples:
      nnlab eval
      nnlab eval mnist_softmax-001 --split validation
      nnlab eval --show-errors 3
      nnlab eval --json --fail-under 0.97
      nnlab eval mnist_best-001 mnist_best-002 mnist_best-003
    """
    from nnlab.analysis.answers import image_shape
    from nnlab.datasets import Source
    from nnlab.jobs.evaluate import evaluate_run
    from nnlab.runs import records
    from nnlab.runs.find import find, find_each, runs_folder
    from nnlab.runs.run import experiment_of

    runs_dir = runs_folder(runs)
    found, *others = _distinct(find_each(runs_dir, named)) if named else [find(runs_dir, None)]
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    if others:
        if show_errors:
            raise UsageError(f"--show-errors shows one run; name one of the {1 + len(others)}")
        committee = _committee([found, *others], checkpoint, split, source, json=json)
        _check_threshold(committee.accuracy, fail_under)
        return
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
    _check_threshold(result.accuracy, fail_under)


def _distinct(runs: Sequence[Run]) -> list[Run]:
    """Return `runs` without those that are named twice, by different paths."""
    return list({run.folder.resolve(): run for run in reversed(runs)}.values())[::-1]


def _check_threshold(accuracy: float | None, fail_under: float | None) -> None:
    """Raise `BelowThresholdError` if the accuracy is below the threshold."""
    if fail_under is not None and accuracy is not None and accuracy < fail_under:
        raise BelowThresholdError(f"accuracy {accuracy} is below {fail_under}")


def _committee(
    found: Sequence[Run], checkpoint: CheckpointName, split: SplitName, source: Source, *, json: bool
) -> Committee:
    """Measure and show several runs that answer together."""
    from dataclasses import replace

    from nnlab.analysis.committee import evaluate_committee
    from nnlab.runs import records
    from nnlab.runs.summary import Summary

    members = []
    for run in found:
        summary = records.read_or_none(run.summary_json, Summary)
        if summary is None or summary.status == "finished":
            members.append(run)
        else:
            write_stderr(f"left out: {run}, which is not finished but {summary.status}")
    if not members[1:]:
        raise UsageError(f"a committee needs at least two finished runs (given {len(members)})")
    source = replace(source, keeps=True)
    committee = evaluate_committee(members, checkpoint=checkpoint, split=split, source=source)
    if json:
        write_stdout(records.as_json(committee) + "\n")
    else:
        write_result(*_pieces_of_committee(committee))
    return committee


def _pieces_of_committee(committee: Committee) -> list[Piece]:
    """Return the figures of a committee, and what each run contributes."""
    from nnlab.rendering.formatters import count, counted, decimals, percent
    from nnlab.rendering.pieces import Column, Table

    members = committee.members
    examples = counted(committee.examples, "example")
    heading = (
        f"A committee of {len(members)} runs: mean of the probabilities of their {committee.checkpoint} "
        f"weights on the {committee.split} split, {examples}"
    )
    table = Table(
        {
            "run": Column(committee.runs),
            "accuracy": Column([each.accuracy for each in members], percent),
            "errors": Column([each.errors for each in members], count),
            "log_loss": Column([each.log_loss for each in members], decimals, missing="–"),
            "errors_without": Column([each.errors_without for each in members], count),
        },
        title="Each run alone, and the committee without it",
    )
    figures = _figures("log loss", committee.log_loss, committee.errors, committee.examples)
    return [heading, figures, table, *_by_class(committee)]


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
    from nnlab.config import Baseline
    from nnlab.rendering.formatters import counted

    what = config.baseline if isinstance(config, Baseline) else f"{evaluation.checkpoint} weights"
    examples = counted(evaluation.examples, "example")
    heading = f"{evaluation.run}: {what} on the {evaluation.split} split, {examples}"
    figures = _figures("loss", evaluation.loss, evaluation.errors, evaluation.examples)
    return [heading, figures, *_by_class(evaluation)]


def _figures(name: str, loss: float | None, errors: int | None, examples: int) -> str:
    """Return a line for the accuracy, if there is one, and one for the loss."""
    from nnlab.analysis.statistics import wilson_interval
    from nnlab.rendering.formatters import counted, decimals, percent

    figures = f"{name:8}  {'–' if loss is None else decimals(loss)}"
    if errors is None:
        return figures
    right = examples - errors
    interval = wilson_interval(right, examples)
    return (
        f"accuracy  {percent(right / examples)}  ({counted(errors, 'error')}; "
        f"95% interval {percent(interval.low)} to {percent(interval.high)})\n{figures}"
    )


def _by_class(evaluation: Evaluation | Committee) -> list[Piece]:
    """Return the figures per class and the confusion, if there are classes."""
    if not (classes := evaluation.per_class):
        return []
    return [_per_class(classes), confusion_table([each.name for each in classes], evaluation.confusion)]


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
