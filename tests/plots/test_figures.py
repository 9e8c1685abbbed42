"""What figures hold: the data of the runs, with names and units, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest

from nnlab.analysis.answers import Answers
from nnlab.analysis.calibration import Bin, Calibration
from nnlab.analysis.groups import Group
from nnlab.analysis.history import History
from nnlab.analysis.statistics import describe
from nnlab.datasets import Split
from nnlab.plots import calibration, confusion, curves, diagnostics, errors, style, sweep
from nnlab.runs.metrics import DiagnosticsRow, MetricsRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.lines import Line2D

CLASSES = ("0", "1", "2")


@pytest.fixture(autouse=True)
def nnlabs_style() -> Iterator[None]:
    with style.nnlabs_style():
        yield


def history(name: str, figures: list[float], best: int) -> History:
    rows = [
        MetricsRow(epoch, 1 - figure, figure + 0.01, 1.1 - figure, figure, 0.1, 1.0)
        for epoch, figure in enumerate(figures, 1)
    ]
    return History(name, tuple(rows), best)


def xs(line: Line2D) -> list[float]:
    return [float(x) for x in np.asarray(line.get_xdata())]


def ys(line: Line2D) -> list[float]:
    return [float(y) for y in np.asarray(line.get_ydata())]


def texts(axes: object) -> list[str]:
    return [text.get_text() for text in axes.texts]  # type: ignore[attr-defined]


def test_curves_of_one_run_show_training_and_validation_and_the_best_epoch() -> None:
    figure = curves.figure_of([history("slow-001", [0.5, 0.8, 0.7], best=2)])
    loss, accuracy = figure.axes
    assert (loss.get_title(), accuracy.get_title()) == ("Loss", "Accuracy")
    assert (accuracy.get_xlabel(), accuracy.get_ylabel()) == ("epoch", "accuracy in %")
    training, validation, best, stopped = accuracy.lines
    assert xs(validation) == [1, 2, 3]
    assert ys(validation) == pytest.approx([50, 80, 70])
    assert ys(training) == pytest.approx([51, 81, 71])
    assert [*xs(best), *ys(best)] == pytest.approx([2, 80])
    assert xs(stopped)[0] == 3
    assert {"training", "validation"} <= set(texts(accuracy))
    assert figure.get_suptitle() == "Learning curves of slow-001"


def test_runs_are_told_apart_by_labels_dashes_and_markers() -> None:
    runs = [history(f"run-{k}", [0.5, 0.6 + k / 100], best=2) for k in range(6)]
    axes = curves.figure_of(runs).axes[1]
    assert [f"run-{k}" for k in range(6)] == [text for text in texts(axes) if text.startswith("run-")]
    dashes = {str(vars(line)["_unscaled_dash_pattern"]) for line in axes.lines if len(xs(line)) == 2}
    assert len(dashes) == 6
    levels = sorted(text.get_position()[1] for text in axes.texts if text.get_text().startswith("run-"))
    assert min(np.diff(levels)) >= style.LABEL_HEIGHT - 1e-9, "labels do not overlap"


def test_the_confusion_has_counts_and_shares_in_every_cell() -> None:
    figure = confusion.figure_of(np.array([[9, 1, 0], [0, 5, 5], [0, 0, 2]]), CLASSES, "run")
    axes = figure.axes[0]
    assert texts(axes) == ["9\n90.0%", "1\n10.0%", "·", "·", "5\n50.0%", "5\n50.0%", "·", "·", "2\n100.0%"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    colours = {text.get_text(): text.get_color() for text in axes.texts}
    assert colours["5\n50.0%"] in ("black", "white")
    assert [text.get_color() for text in axes.texts][5] == "white", "on the darkest blue"
    assert [text.get_color() for text in axes.texts][2] == "black", "on the lightest"


def answers(labels: list[int], probabilities: list[list[float]]) -> Answers:
    found = np.array(probabilities)
    examples = Split(np.zeros((len(labels), 784), np.float32), np.array(labels))
    return Answers(examples, np.log(found), found, found.argmax(axis=1), "softmax")


def test_the_most_confident_mistakes_come_first() -> None:
    given = answers([0, 1, 2, 0], [[0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    figure = errors.figure_of(given, CLASSES, (28, 28), "run")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["1 → 0, 90.0%", "0 → 1, 70.0%"]
    assert figure.get_suptitle() == "The 2 most confident of 2 mistakes of run"


def test_the_reliability_diagram_shows_accuracy_over_confidence() -> None:
    bins = (Bin(0.4, 0.5, 10, 0.45, 0.3), Bin(0.9, 1.0, 90, 0.99, 0.95))
    axes = calibration.figure_of(Calibration(bins, 0.05, 1.5, 0.01), "run").axes[0]
    assert xs(axes.lines[1]) == pytest.approx([45, 99])
    assert ys(axes.lines[1]) == pytest.approx([30, 95])
    assert "Expected calibration error 5.00%; 1.00% at the temperature 1.50" in axes.get_title()


def test_diagnostics_have_a_curve_per_layer() -> None:
    rows = [
        DiagnosticsRow(epoch, layer, 0.1 * epoch, 0.5, None, 0.01) for epoch in (1, 2, 3) for layer in (1, 2)
    ]
    figure = diagnostics.figure_of(rows, "run")
    shown = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in shown] == ["Gradient", "Saturation", "Update"]
    assert texts(shown[0]) == ["layer 1", "layer 2"]
    assert shown[0].get_yscale() == "log"
    assert ys(shown[1].lines[0]) == pytest.approx([50, 50, 50])


def group(setting: dict[str, object], figures: list[float]) -> Group:
    return Group(
        label="",
        setting=setting,
        digest="",
        runs=(),
        values={"val_accuracy": dict(enumerate(figures))},
        figures={"val_accuracy": describe(figures)},
    )


def test_a_sweep_shows_each_seed_and_the_mean_on_a_log_axis() -> None:
    groups = [group({"eta": eta}, [0.5, 0.6]) for eta in (1.0, 0.01, 0.1)]
    axes = sweep.figure_of(groups, "rates").axes[0]
    assert axes.get_xscale() == "log"
    mean = next(line for line in axes.lines if len(xs(line)) == 3)
    assert xs(mean) == [0.01, 0.1, 1.0]
    assert ys(mean) == pytest.approx([55, 55, 55])
    seeds = [line for line in axes.lines if len(xs(line)) == 2]
    assert len(seeds) == 3
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("η (eta)", "Validation accuracy in %")


def test_words_are_swept_in_places_of_their_own() -> None:
    groups = [group({"activation": name}, [0.5]) for name in ("tanh", "relu")]
    axes = sweep.figure_of(groups, "which").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["relu", "tanh"]
    assert axes.get_xscale() == "linear"


def test_a_grid_of_two_keys_is_a_map_of_means() -> None:
    groups = [
        group({"eta": eta, "l2": l2}, [eta + l2, eta + l2 + 0.02])
        for eta in (0.1, 0.2)
        for l2 in (0.0, 0.01, 0.02)
    ]
    axes = sweep.figure_of(groups, "grid").axes[0]
    assert len(axes.texts) == 6
    assert axes.texts[0].get_text() == "11.00"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("l2", "η (eta)")


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_input_gives_the_same_bytes_whatever_the_settings(form: str) -> None:
    def content() -> bytes:
        with style.nnlabs_style():
            return style.written(curves.figure_of([history("a", [0.1, 0.2], best=2)]), form)

    first = content()
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 20, "lines.linewidth": 9}):
        assert content() == first


def test_a_log_axis_has_plain_numbers() -> None:
    groups = [group({"eta": eta}, [0.5, 0.6]) for eta in (1.0, 0.01, 0.1)]
    content = style.written(sweep.figure_of(groups, "rates"), "svg").decode()
    assert "mathdefault" not in content
    assert ">0.01<" in content
