"""`nnlab plot`: draw what runs and sweeps have learned, into a file or in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from nnlab.cli.options import DataDir, Offline, Runs, RunsOrSweep
from nnlab.cli.output import as_path, file_to_write, write_result, write_stderr, write_stdout
from nnlab.errors import UsageError
from nnlab.files import printable
from nnlab.rendering.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure  # noqa: TC004 (an extra)

    from nnlab.datasets import Source
    from nnlab.runs.run import Run

Kind: TypeAlias = Literal["curves", "confusion", "errors", "weights", "calibration", "diagnostics", "sweep"]
FORMATS = ("png", "svg", "pdf")
MOST_MISTAKES = 5  # in the terminal
MOST_CURVES = 42  # with colours and dashes of their own
MOST_REASONS = 5  # why runs are left out


@dataclass(frozen=True)
class Drawing:
    """A plot: `pieces` for the terminal, and a `figure` for a file."""

    pieces: Callable[[], list[Piece]]
    figure: Callable[[], Figure]


def plot(
    named: RunsOrSweep = None,
    *,
    kind: Annotated[
        Kind | None,
        typer.Option(help="What to draw.  [default: curves; sweep for a sweep]", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a .png, .svg or .pdf instead of text."),
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Draw learning curves, or another kind of plot, into a file or in the terminal.

    \b
    Kinds:
      curves       loss and accuracy of one run or several, with the best epoch
      confusion    which classes are taken for which, on the test images
      errors       the most confident mistakes
      weights      the first layer's weights as images
      calibration  whether answers are right as often as they promise
      diagnostics  gradient, saturation, dead neurons and update of each layer
      sweep        the figures of a sweep over the values that it tried

    \b
    Examples:
      nnlab plot
      nnlab plot slow-001 fast-001 -o curves.png
      nnlab plot mnist_softmax-001 --kind errors -o errors.pdf
      nnlab plot rates -o rates.svg
    """
    from nnlab.datasets import Source
    from nnlab.runs.find import find, find_each, named_sweep, runs_folder

    path, form = (None, "") if output is None else (file_to_write(output), _format_of(output))
    runs_dir = runs_folder(runs)
    sweep = named_sweep(runs_dir, named or ())
    found = find_each(runs_dir, named) if named else [find(runs_dir, None)]
    chosen: Kind = kind or ("curves" if sweep is None else "sweep")
    title = printable(sweep or found[0].name)
    if chosen == "curves":
        drawing = _curves(found, runs_dir)
    elif chosen == "sweep":
        drawing = _sweep(found, title, runs_dir)
    elif len(found) > 1:
        raise UsageError(f"--kind {chosen} shows one run; name one of the {len(found)}")
    else:
        drawing = OF_ONE_RUN[chosen](found[0], Source(data_dir, offline=offline))
    if output is None or path is None:
        write_result(*drawing.pieces())
        return
    from nnlab.files import atomic_write
    from nnlab.plots.style import nnlabs_style, written

    with nnlabs_style():
        content = written(drawing.figure(), form)
    with atomic_write(path) as file:
        file.write(content)
    write_stdout(f"{as_path(output)}\n")


def _format_of(output: Path) -> str:
    """Return the format that the name of a file asks for. Raises `UsageError`."""
    form = output.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise UsageError(f"{output} must end in .png, .svg or .pdf")
    from nnlab.extras import need

    need("matplotlib")
    return form


def _curves(found: Sequence[Run], runs_dir: Path) -> Drawing:
    from nnlab.analysis.history import histories_of, history_of
    from nnlab.cli import plot_view
    from nnlab.runs.find import name_of

    if len(found) == 1:
        histories = [history_of(found[0], name_of(found[0], runs_dir))]
    else:
        histories, without = histories_of(found, [name_of(run, runs_dir) for run in found])
        for reason in without[:MOST_REASONS]:
            write_stderr(f"left out: {reason}")
        if (more := len(without) - MOST_REASONS) > 0:
            write_stderr(f"left out: {more} more")
        if not histories:
            raise UsageError(f"none of these {len(found)} runs has an epoch to draw")
    if len(histories) > MOST_CURVES:
        raise UsageError(
            f"{len(histories)} curves cannot be told apart; name up to {MOST_CURVES} runs, or plot a sweep"
        )

    def figure() -> Figure:
        from nnlab.plots.curves import figure_of

        return figure_of(histories)

    return Drawing(lambda: plot_view.curves(histories), figure)


def _sweep(found: Sequence[Run], title: str, runs_dir: Path) -> Drawing:
    from nnlab.analysis.groups import compare_groups
    from nnlab.cli.groups import pieces_of_groups

    groups = compare_groups(found, runs_dir=runs_dir)

    def figure() -> Figure:
        from nnlab.plots.sweep import figure_of

        return figure_of(groups, title)

    return Drawing(lambda: pieces_of_groups(groups), figure)


def _diagnostics(run: Run, _: Source) -> Drawing:
    from nnlab.analysis.history import diagnostics_of
    from nnlab.cli import plot_view

    rows = diagnostics_of(run)

    def figure() -> Figure:
        from nnlab.plots.diagnostics import figure_of

        return figure_of(rows, printable(run.name))

    return Drawing(lambda: plot_view.diagnostics(rows), figure)


def _weights(run: Run, _: Source) -> Drawing:
    from nnlab.analysis.answers import image_shape
    from nnlab.analysis.evaluation import best_network
    from nnlab.cli import plot_view
    from nnlab.datasets import DATASETS
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    network, shape = best_network(run, experiment), image_shape(experiment)
    classes = DATASETS[experiment.dataset].classes

    def figure() -> Figure:
        from nnlab.plots.weights import figure_of

        return figure_of(network, classes, shape, printable(run.name))

    return Drawing(lambda: plot_view.weights(network, classes, shape), figure)


def _errors(run: Run, source: Source) -> Drawing:
    from nnlab.analysis.answers import answers_of, image_shape
    from nnlab.cli import plot_view
    from nnlab.datasets import DATASETS
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    shape, classes = image_shape(experiment), DATASETS[experiment.dataset].classes
    answers = answers_of(run, experiment, source)

    def figure() -> Figure:
        from nnlab.plots.errors import figure_of

        return figure_of(answers, classes, shape, printable(run.name))

    return Drawing(lambda: plot_view.mistakes(answers, classes, shape, most=MOST_MISTAKES), figure)


def _confusion(run: Run, source: Source) -> Drawing:
    from nnlab.analysis.answers import answers_of
    from nnlab.cli.evaluate import confusion_table
    from nnlab.datasets import DATASETS
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    classes = DATASETS[experiment.dataset].classes
    confusion = answers_of(run, experiment, source).confusion()

    def figure() -> Figure:
        from nnlab.plots.confusion import figure_of

        return figure_of(confusion, classes, printable(run.name))

    return Drawing(lambda: [confusion_table(classes, confusion.tolist())], figure)


def _calibration(run: Run, source: Source) -> Drawing:
    from nnlab.analysis.answers import answers_of
    from nnlab.analysis.calibration import calibration_of_run
    from nnlab.cli import plot_view
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    calibration = calibration_of_run(run, experiment, answers_of(run, experiment, source), source)

    def figure() -> Figure:
        from nnlab.plots.calibration import figure_of

        return figure_of(calibration, printable(run.name))

    return Drawing(lambda: plot_view.calibration(calibration), figure)


OF_ONE_RUN: dict[Kind, Callable[[Run, Source], Drawing]] = {
    "confusion": _confusion,
    "errors": _errors,
    "weights": _weights,
    "calibration": _calibration,
    "diagnostics": _diagnostics,
}
