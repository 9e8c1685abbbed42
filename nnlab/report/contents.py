"""What the page says of a run: its results, its curves, and how it was trained."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnlab import files
from nnlab.analysis.answers import answers_of, has_images
from nnlab.analysis.calibration import calibration_of_run
from nnlab.analysis.evaluation import best_network
from nnlab.analysis.statistics import wilson_interval
from nnlab.config import dump
from nnlab.datasets import DATASETS
from nnlab.files import printable
from nnlab.rendering.formatters import count, counted, decimals, percent, text
from nnlab.report.answers import calibration_section, confusion_section, mistakes_section
from nnlab.report.charts import Chart, Series
from nnlab.report.network import board_section, weights_section
from nnlab.report.page import Page, Table
from nnlab.runs import records
from nnlab.runs.environment import Environment
from nnlab.runs.lock import is_locked
from nnlab.runs.run import experiment_of
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.analysis.answers import Answers
    from nnlab.analysis.history import History
    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Table as PieceTable
    from nnlab.runs.run import Run

LARGEST = 1 << 36  # bytes of a file of a run
MOST_CURVES = 6  # there are so many styles


def page_of(
    run: Run,
    histories: Sequence[History],
    source: Source,
    *,
    title: str = "",
    overview: Sequence[PieceTable] = (),
    notes: Sequence[str] = (),
) -> Page:
    """Return the page about `run`; with an `overview`, it is the best of several, whose curves are shown.

    Raises `RunError`, `DatasetError`, and `UsageError` for a baseline.
    """
    experiment = experiment_of(run)
    summary = records.read(run.summary_json, Summary)
    is_classification = bool(DATASETS[experiment.dataset].classes)
    answers = answers_of(run, experiment, source) if is_classification else None
    page = Page(
        title=printable(title or run.name),
        description="" if overview else experiment.description or "",
        config=_config(experiment),
        commands=_commands(run, experiment),
        environment=_environment(run),
        digests=_digests(run, summary),
        results=_results(run, summary, answers),
        curves=_curves(histories),
        overview=[_text_table(each) for each in overview],
        notes=notes,
        detail_of=printable(run.name) if overview else "",
    )
    return page if answers is None else _with_answers(page, run, experiment, answers, source)


def _with_answers(page: Page, run: Run, experiment: Experiment, answers: Answers, source: Source) -> Page:
    """Return the page with the sections about a classification; those with images need some."""
    classes = DATASETS[experiment.dataset].classes
    if answers.are_probabilities:
        calibration = calibration_of_run(run, experiment, answers, source)
        page = replace(page, calibration=calibration_section(calibration))
    if not has_images(experiment):
        return replace(page, confusion=confusion_section(answers, classes, None))
    network = best_network(run, experiment)
    mistakes = mistakes_section(answers, classes, experiment)
    return replace(
        page,
        confusion=confusion_section(answers, classes, mistakes),
        mistakes=mistakes,
        weights=weights_section(network, classes, experiment),
        board=board_section(network, classes, experiment) if experiment.dataset == "mnist" else None,
    )


def _config(experiment: Experiment) -> Table:
    values = experiment.model_dump()
    rows = [[key, text(value)] for key, value in values.items() if value is not None and value != {}]
    return Table("Config", ("key", "value"), rows)


def _commands(run: Run, experiment: Experiment) -> str:
    config, folder = (shlex.quote(printable(path)) for path in (f"{run}/config.yaml", str(run)))
    return f"nnlab train {config}\nnnlab eval {folder}\n\n# config.yaml\n{dump(experiment)}"


def _environment(run: Run) -> Table:
    environment = records.read(run.environment_json, Environment)
    rows = [[key.replace("_", " "), _plain(value)] for key, value in vars(environment).items() if value]
    return Table("Environment", ("what", "value"), rows)


def _plain(value: object) -> str:
    """Return a value of environment.json as text."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(_plain, value))
    return str(value)


def _digests(run: Run, summary: Summary) -> Table:
    found = [["best weights", summary.weights_sha256]]
    found += [
        [path.name, hashlib.sha256(files.read(path, limit=LARGEST)).hexdigest()]
        for path in (run.config_yaml, run.metrics_csv, run.best_npz)
        if path.exists()
    ]
    return Table("Digests (SHA-256)", ("of", "digest"), found)


def _text_table(table: PieceTable) -> Table:
    cells = [column.cells() for column in table.columns.values()]
    headings = [heading.replace("_", " ") for heading in table.columns]
    return Table(table.title or "Runs", headings, list(zip(*cells, strict=True)))


def _results(run: Run, summary: Summary, answers: Answers | None) -> list[tuple[str, str, str]]:
    found = []
    if answers is not None:
        right, n = int(answers.is_right.sum()), len(answers.is_right)
        interval = wilson_interval(right, n)
        remark = f"95% interval {percent(interval.low)} to {percent(interval.high)}"
        found.append(("Test accuracy", percent(right / n), f"{remark}; {counted(n - right, 'error')}"))
    if summary.val_accuracy is not None:
        found.append(("Validation accuracy", percent(summary.val_accuracy), ""))
    if summary.val_loss is not None:
        found.append(("Validation loss", decimals(summary.val_loss), ""))
    status = "unfinished" if summary.status == "running" and not is_locked(run) else summary.status
    best = f"best epoch {summary.best_epoch}; " if summary.best_epoch else ""
    found.append(("Epochs", count(summary.epochs), f"{best}{status}"))
    found.append(("Parameters", count(summary.parameters), f"{summary.seconds:.1f} s of training"))
    return found


def _curves(histories: Sequence[History]) -> list[Chart]:
    charts = []
    shown = histories[:MOST_CURVES]
    is_only = len(histories) == 1
    runs = (
        f"the best {len(shown)} of {len(histories)}" if len(shown) < len(histories) else f"{len(histories)}"
    )
    for kind, label in (("accuracy", "accuracy in %"), ("loss", "loss per example")):
        if not any(history.has(kind) for history in shown):
            continue
        factor = 100 if kind == "accuracy" else 1
        series = [_series(each, f"val_{kind}", factor, number) for number, each in enumerate(shown)]
        what = f"Validation {kind} of {runs} runs"
        if is_only:
            what = f"Training and validation {kind}"
            training = _series(shown[0], f"train_{kind}", factor, 1, marks_best=False)
            series = [replace(series[0], name="validation"), replace(training, name="training")]
        dots = "the dot marks the best epoch" if is_only else "dots mark the best epochs"
        drawn = [each for each in series if each.x]
        charts.append(Chart(f"curve-{kind}", what, f"{what} per epoch; {dots}.", "epoch", label, drawn))
    return charts


def _series(history: History, column: str, factor: int, number: int, *, marks_best: bool = True) -> Series:
    epochs, figures = history.curve(column)
    finite = np.isfinite(figures)
    x, y = epochs[finite].tolist(), (factor * figures[finite]).tolist()
    best = history.best_epoch
    mark = (best, factor * float(figures[best - 1])) if marks_best and best and finite[best - 1] else None
    return Series(history.name, x, y, mark, number)
