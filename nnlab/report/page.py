"""Makes the page: everything that it shows of runs, filled into page.html."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

import nnlab
from nnlab import files
from nnlab.analysis.answers import Answers, answers_of, are_probabilities, image_shape
from nnlab.analysis.calibration import calibration_of_run
from nnlab.analysis.evaluation import best_network
from nnlab.analysis.first_layer import label_of, strongest_neurons
from nnlab.analysis.statistics import wilson_interval
from nnlab.config import dump
from nnlab.datasets import DATASETS
from nnlab.errors import UsageError
from nnlab.files import printable
from nnlab.rendering.formatters import count, counted, decimals, percent, text
from nnlab.report import images
from nnlab.report.charts import Chart, Series
from nnlab.runs import records
from nnlab.runs.environment import Environment
from nnlab.runs.lock import is_locked
from nnlab.runs.run import experiment_of
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from nnlab.analysis.calibration import Calibration
    from nnlab.analysis.history import History
    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.network import Network
    from nnlab.rendering.pieces import Table as PieceTable
    from nnlab.runs.run import Run

FOLDER = Path(__file__).parent
LARGEST = 1 << 36  # bytes of a file of a run
MOST_MISTAKES = 400
MOST_NEURONS = 64
MOST_CURVES = 6  # there are so many styles
SHADES = 5
SECTIONS = {
    "overview": ("compared", "Compared"),
    "results": ("results", "Results"),
    "curves": ("curves", "Curves"),
    "network": ("draw", "Draw a digit"),
    "confusion": ("confusion", "Confusion"),
    "mistakes": ("mistakes", "Mistakes"),
    "weights": ("weights", "Weights"),
    "calibration": ("calibration", "Calibration"),
    "config": ("trained", "Training"),
}


@dataclass(frozen=True)
class Table:
    """A table as text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """An image with its alternative text, and what is written below it."""

    source: str
    alternative: str
    share: str


@dataclass(frozen=True)
class MistakeGroup:
    """The mistakes in one cell of the confusion matrix."""

    identifier: str
    label: str
    answer: str
    images: Sequence[Picture]


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix; `target` is the group of its mistakes."""

    count: int
    share: str
    shade: str
    target: str


@dataclass
class Page:
    """What the page shows; a section without content is left out."""

    title: str
    description: str
    config: Table
    commands: str
    environment: Table
    digests: Table
    overview: Sequence[Table] = ()
    notes: Sequence[str] = ()
    detail_of: str = ""
    results: Sequence[tuple[str, str, str]] = ()
    curves: Sequence[Chart] = ()
    network: dict[str, Any] = field(default_factory=dict)
    confusion: dict[str, Any] = field(default_factory=dict)
    per_class: Table | None = None
    mistakes: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)
    calibration: Chart | None = None
    calibration_summary: str = ""

    def sections(self) -> list[tuple[str, str]]:
        """Return the identifiers and the titles of the sections that there are."""
        return [section for name, section in SECTIONS.items() if getattr(self, name)]


def rendered(page: Page) -> str:
    """Return the page as HTML. Text from runs is escaped; a policy forbids every request."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (Markup((FOLDER / name).read_text("utf-8")) for name in ("style.css", "board.js"))  # noqa: S704 (nnlab's own files)
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html").render(
        page=page, style=style, script=script, policy=policy, version=nnlab.__version__
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


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
    status = "unfinished" if summary.status == "running" and not is_locked(run) else summary.status
    network = best_network(run, experiment)
    page = Page(
        title=printable(title or run.name),
        description="" if overview else experiment.description or "",
        config=_config(experiment),
        commands=_commands(run, experiment),
        environment=_environment(run),
        digests=_digests(run, summary),
        overview=[_text_table(each) for each in overview],
        notes=notes,
        detail_of=printable(run.name) if overview else "",
        curves=_curves(histories),
    )
    if not DATASETS[experiment.dataset].classes:
        page.results = _results(summary, status, None)
        return page
    answers = answers_of(run, experiment, source)
    page.results = _results(summary, status, answers)
    _show_answers(page, answers, experiment)
    if answers.are_probabilities:
        _show_calibration(page, calibration_of_run(run, experiment, answers, source))
    try:
        shape = image_shape(experiment)
    except UsageError:
        return page
    _show_mistakes(page, answers, DATASETS[experiment.dataset].classes, shape)
    _show_weights(page, network, DATASETS[experiment.dataset].classes, shape)
    if experiment.dataset == "mnist":
        page.network = _network(network, experiment)
    return page


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


def _results(summary: Summary, status: str, answers: Answers | None) -> list[tuple[str, str, str]]:
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


def _show_answers(page: Page, answers: Answers, experiment: Experiment) -> None:
    """Put the confusion matrix and the figures of each class into the page."""
    classes = DATASETS[experiment.dataset].classes
    confusion = answers.confusion()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    mistakes = np.where(np.eye(len(classes), dtype=bool), 0, shares)
    shades = np.ceil(SHADES * mistakes / (mistakes.max() or 1)).astype(int)
    page.confusion = {
        "classes": classes,
        "rows": [
            [
                Cell(
                    count=int(confusion[row, column]),
                    share=f"{shares[row, column]:.1%}",
                    shade="right" if row == column else f"k{shades[row, column]}",
                    target="",
                )
                for column in range(len(classes))
            ]
            for row in range(len(classes))
        ],
    }
    predicted = confusion.sum(axis=0)
    page.per_class = Table(
        "Figures of each class",
        ("class", "examples", "precision", "recall"),
        [
            [
                name,
                count(int(confusion[k].sum())),
                percent(float(confusion[k, k] / predicted[k]) if predicted[k] else None),
                percent(float(shares[k, k]) if confusion[k].sum() else None),
            ]
            for k, name in enumerate(classes)
        ],
    )


def _show_mistakes(page: Page, answers: Answers, classes: Sequence[str], shape: tuple[int, int]) -> None:
    """Put the mistakes as images into the page, and link the cells of the confusion matrix to them."""
    wrong = answers.mistakes()
    by_cell: dict[tuple[int, int], list[Picture]] = {}
    for index in wrong[:MOST_MISTAKES]:
        cell = int(answers.examples.labels[index]), int(answers.predicted[index])
        share = answers.shown(index)
        label, answer = classes[cell[0]], classes[cell[1]]
        alternative = f"Test image {index}: a {label}, taken for {answer} with {share}"
        picture = Picture(images.of_pixels(answers.examples.inputs[index].reshape(shape)), alternative, share)
        by_cell.setdefault(cell, []).append(picture)
    groups = [
        MistakeGroup(f"mistakes-{row}-{column}", classes[row], classes[column], pictures)
        for (row, column), pictures in sorted(by_cell.items())
    ]
    shown, total = min(len(wrong), MOST_MISTAKES), counted(len(wrong), "mistake")
    which = f"All {total}" if shown == len(wrong) else f"The {shown} most confident of {total}"
    page.mistakes = {
        "summary": f"{which} on the test images, with the output for the answer.",
        "groups": groups,
    }
    page.confusion["rows"] = [
        [
            replace(cell, target=f"mistakes-{row}-{column}" if (row, column) in by_cell else "")
            for column, cell in enumerate(cells)
        ]
        for row, cells in enumerate(page.confusion["rows"])
    ]


def _show_weights(page: Page, network: Network, classes: Sequence[str], shape: tuple[int, int]) -> None:
    """Put the weights of the first layer as images into the page."""
    weights, order = network.weights[0], strongest_neurons(network)
    shown = order[:MOST_NEURONS]
    most = float(np.abs(weights[shown]).max())
    which = counted(len(order), "neuron")
    if len(shown) < len(order):
        which = f"{len(shown)} of {which}, those with the largest weights"
    page.weights = {
        "summary": f"{which}. Black speaks for a neuron, white against it, grey is 0.",
        "images": [
            Picture(
                images.of_weights(weights[neuron].reshape(shape), most),
                f"Weights of neuron {label_of(network, neuron, classes)}",
                label_of(network, neuron, classes),
            )
            for neuron in shown
        ],
    }


def _show_calibration(page: Page, calibration: Calibration) -> None:
    bins = calibration.bins
    series = Series("right", [100 * each.confidence for each in bins], [100 * each.accuracy for each in bins])
    page.calibration_summary = f"{calibration.summary()}."
    page.calibration = Chart(
        "reliability",
        "Right answers over confidence",
        "How many answers of a confidence are right; on the dashed line, as many as the network promises.",
        "confidence in %",
        "right answers in %",
        [series],
        diagonal=True,
        limits=(0, 100, 0, 100),
    )


def _network(network: Network, experiment: Experiment) -> dict[str, Any]:
    """Return the network as the drawing board needs it, with its weights in float32."""
    classes = DATASETS[experiment.dataset].classes
    parameters = network.parameters.astype("<f4").tobytes()
    return {
        "hidden": len(network.architecture) > 2,  # noqa: PLR2004 (input and output)
        "data": {
            "classes": list(classes),
            "are_probabilities": are_probabilities(experiment.output),
            "architecture": list(network.architecture),
            "activation": experiment.activation,
            "output": experiment.output,
            "parameters": base64.b64encode(parameters).decode(),
        },
    }
