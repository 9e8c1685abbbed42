"""`nnlab plot`: draw what runs and sweeps have learned, into a file or in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from nnlab.cli.options import DataDir, Offline, Runs, RunsOrSweep
from nnlab.cli.output import as_path, file_to_write, write_result, write_stderr, write_stdout
from nnlab.errors import UsageError
from nnlab.files import printable
from nnlab.rendering.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.datasets import Source
    from nnlab.runs.run import Run

Kind: TypeAlias = Literal["curves", "confusion", "errors", "weights", "calibration", "diagnostics", "sweep"]
FORMATS = ("png", "svg", "pdf")
MOST_MISTAKES = 5  # in the terminal
MOST_CURVES = 42  # with colours and dashes of their own
MOST_REASONS = 5  # why runs are left out


@dataclass(frozen=True)
class Drawing:
    """A plot: `pieces` for the terminal, and the arguments of `figure_of` in the file of its kind."""

    pieces: Callable[[], list[Piece]]
    arguments: tuple[Any, ...]


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

    path = None if output is None else file_to_write(output)
    form = None if output is None else _format_of(output)
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
        drawing = _of_one_run(chosen, found[0], Source(data_dir, offline=offline))
    if output is None or path is None or form is None:
        write_result(*drawing.pieces())
        return
    from nnlab.files import atomic_write

    content = _written(chosen, drawing, form)
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


def _written(kind: Kind, drawing: Drawing, form: str) -> bytes:
    """Return a drawing as a file in a format."""
    from nnlab.plots import calibration, confusion, curves, diagnostics, errors, style, sweep, weights

    modules = {
        "curves": curves,
        "confusion": confusion,
        "errors": errors,
        "weights": weights,
        "calibration": calibration,
        "diagnostics": diagnostics,
        "sweep": sweep,
    }
    with style.nnlabs_style():
        return style.written(modules[kind].figure_of(*drawing.arguments), form)


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
        if not histories:
            raise UsageError(f"none of these {len(found)} runs has an epoch to draw")
    if len(histories) > MOST_CURVES:
        raise UsageError(
            f"{len(histories)} curves cannot be told apart; name up to {MOST_CURVES} runs, or plot a sweep"
        )
    return Drawing(lambda: plot_view.curves(histories), (histories,))


def _sweep(found: Sequence[Run], title: str, runs_dir: Path) -> Drawing:
    from nnlab.analysis.groups import compare_groups
    from nnlab.cli.groups import pieces_of_groups

    groups = compare_groups(found, runs_dir=runs_dir)
    return Drawing(lambda: pieces_of_groups(groups), (groups, title))


def _of_one_run(kind: Kind, run: Run, source: Source) -> Drawing:
    """Return a plot of the diagnostics, the weights or the answers of a run."""
    from nnlab.analysis.answers import answers_of, image_shape
    from nnlab.analysis.calibration import calibration_of
    from nnlab.analysis.evaluation import best_network
    from nnlab.analysis.history import diagnostics_of
    from nnlab.cli import plot_view
    from nnlab.cli.evaluate import confusion_table
    from nnlab.datasets import DATASETS
    from nnlab.runs.run import experiment_of

    experiment = experiment_of(run)
    classes = DATASETS[experiment.dataset].classes
    if kind == "diagnostics":
        rows = diagnostics_of(run)
        return Drawing(lambda: plot_view.diagnostics(rows), (rows, printable(run.name)))
    if kind == "weights":
        network, shape = best_network(run, experiment), image_shape(experiment)
        drawn = (network, classes, shape)
        return Drawing(lambda: plot_view.weights(*drawn), (*drawn, printable(run.name)))
    if kind == "errors":
        shape = image_shape(experiment)
        answers = answers_of(run, experiment, source)
        return Drawing(
            lambda: plot_view.mistakes(answers, classes, shape, most=MOST_MISTAKES),
            (answers, classes, shape, printable(run.name)),
        )
    answers = answers_of(run, experiment, source)
    if kind == "confusion":
        confusion = answers.confusion()
        return Drawing(
            lambda: [confusion_table(classes, confusion.tolist())], (confusion, classes, printable(run.name))
        )
    has_validation = experiment.validation_size > 0
    validation = answers_of(run, experiment, source, split="validation") if has_validation else None
    calibration = calibration_of(answers, validation)
    return Drawing(lambda: plot_view.calibration(calibration), (calibration, printable(run.name)))
