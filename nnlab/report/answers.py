"""What the page shows of a network's answers: the confusion, the mistakes behind it, the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.analysis.answers import image_shape
from nnlab.analysis.evaluation import class_figures, row_shares
from nnlab.rendering.formatters import count, counted, percent
from nnlab.report import images
from nnlab.report.charts import Chart, Series
from nnlab.report.page import Calibration, Cell, Confusion, MistakeGroup, Mistakes, Picture, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.analysis import calibration
    from nnlab.analysis.answers import Answers
    from nnlab.config import Experiment

MOST_MISTAKES = 400
SHADES = 5  # of the cells with mistakes


def confusion_section(answers: Answers, classes: Sequence[str], mistakes: Mistakes | None) -> Confusion:
    """Return the confusion matrix; its cells lead to the `mistakes` that are shown."""
    confusion = answers.confusion()
    shares = row_shares(confusion)
    off_diagonal = np.where(np.eye(len(classes), dtype=bool), 0, shares)
    shades = np.ceil(SHADES * off_diagonal / (off_diagonal.max() or 1)).astype(int)
    shown = {group.identifier for group in mistakes.groups} if mistakes else set()
    rows = [
        [
            Cell(
                count=int(confusion[row, column]),
                share=f"{shares[row, column]:.1%}",
                shade="right" if row == column else f"k{shades[row, column]}",
                target=identifier if (identifier := _identifier(row, column)) in shown else "",
            )
            for column in range(len(classes))
        ]
        for row in range(len(classes))
    ]
    figures = [
        [each.name, count(each.examples), percent(each.precision), percent(each.recall)]
        for each in class_figures(confusion, classes)
    ]
    headings = ("class", "examples", "precision", "recall")
    return Confusion(classes, rows, Table("Figures of each class", headings, figures))


def _identifier(label: int, predicted: int) -> str:
    return f"mistakes-{label}-{predicted}"


def mistakes_section(answers: Answers, classes: Sequence[str], experiment: Experiment) -> Mistakes:
    """Return the most confident mistakes as images, by cell of the confusion matrix."""
    wrong, shape = answers.mistakes(), image_shape(experiment)
    by_cell: dict[tuple[int, int], list[Picture]] = {}
    for index in wrong[:MOST_MISTAKES]:
        cell = int(answers.examples.labels[index]), int(answers.predicted[index])
        share = answers.shown(index)
        alternative = f"Test image {index}: a {classes[cell[0]]}, taken for {classes[cell[1]]} with {share}"
        source = images.of_pixels(answers.inputs_of(index).reshape(shape))
        by_cell.setdefault(cell, []).append(Picture(source, alternative, share))
    groups = [
        MistakeGroup(_identifier(*cell), classes[cell[0]], classes[cell[1]], pictures)
        for cell, pictures in sorted(by_cell.items())
    ]
    shown, total = min(len(wrong), MOST_MISTAKES), counted(len(wrong), "mistake")
    which = f"All {total}" if shown == len(wrong) else f"The {shown} most confident of {total}"
    return Mistakes(f"{which} on the test images, with the output for the answer.", groups)


def calibration_section(found: calibration.Calibration) -> Calibration:
    """Return the reliability diagram."""
    bins = found.bins
    series = Series("right", [100 * each.confidence for each in bins], [100 * each.accuracy for each in bins])
    chart = Chart(
        "reliability",
        "Right answers over confidence",
        "How many answers of a confidence are right; on the dashed line, as many as the network promises.",
        "confidence in %",
        "right answers in %",
        [series],
        diagonal=True,
        limits=(0, 100, 0, 100),
    )
    return Calibration(f"{found.summary()}.", chart)
