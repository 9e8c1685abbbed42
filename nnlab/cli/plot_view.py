"""Plots in the terminal, which need no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.analysis.first_layer import label_of, strongest_neurons
from nnlab.analysis.history import DIAGNOSTICS, SHARES, layer_curves
from nnlab.rendering.formatters import count, percent
from nnlab.rendering.pieces import Column, Curves, Picture, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.analysis.answers import Answers
    from nnlab.analysis.calibration import Calibration
    from nnlab.analysis.history import History
    from nnlab.network import Network
    from nnlab.rendering.pieces import Piece
    from nnlab.runs.metrics import DiagnosticsRow

MOST_CURVES = 6  # there are so many marks
MOST_NEURONS = 4


def curves(histories: Sequence[History]) -> list[Piece]:
    """Return the validation curves of runs."""
    pieces: list[Piece] = []
    for column, title in (("val_accuracy", "Validation accuracy"), ("val_loss", "Validation loss")):
        shown = [history for history in histories if history.has(column.removeprefix("val_"))][:MOST_CURVES]
        if shown:
            longest = max((history.curve(column)[0] for history in shown), key=len)
            pieces.append(
                Curves(title, longest, {each.name: each.curve(column)[1] for each in shown}, "epoch")
            )
    if len(histories) > MOST_CURVES:
        pieces.append(f"These are the first {MOST_CURVES} of {len(histories)} runs.")
    return pieces


def mistakes(answers: Answers, classes: Sequence[str], shape: tuple[int, int], *, most: int) -> list[Piece]:
    """Return the most confident mistakes as images."""
    return [
        Picture({answers.caption(index, classes): answers.inputs_of(index).reshape(shape)})
        for index in answers.mistakes()[:most]
    ]


def weights(network: Network, classes: Sequence[str], shape: tuple[int, int]) -> list[Piece]:
    """Return the weights of the strongest neurons of the first layer as images."""
    return [
        Picture({f"neuron {label_of(network, neuron, classes)}": network.weights[0][neuron].reshape(shape)})
        for neuron in strongest_neurons(network)[:MOST_NEURONS]
    ]


def calibration(found: Calibration) -> list[Piece]:
    """Return the bins of a reliability diagram as a table."""
    bins = found.bins
    table = Table(
        {
            "confidence": Column([f"{each.low:.0%} to {each.high:.0%}" for each in bins]),
            "examples": Column([each.examples for each in bins], count),
            "mean_confidence": Column([each.confidence for each in bins], percent),
            "accuracy": Column([each.accuracy for each in bins], percent),
        }
    )
    return [table, f"{found.summary()}."]


def diagnostics(rows: Sequence[DiagnosticsRow]) -> list[Piece]:
    """Return one drawing per figure, with one curve per layer."""
    pieces: list[Piece] = []
    for column, (title, unit) in DIAGNOSTICS.items():
        factor = 100 if column in SHARES else 1
        by_layer = {
            f"layer {layer}": factor * curve
            for layer, curve in list(layer_curves(rows, column).items())[:MOST_CURVES]
        }
        if by_layer:
            epochs = np.arange(1, max(map(len, by_layer.values())) + 1)
            pieces.append(Curves(f"{title} ({unit})", epochs, by_layer, "epoch"))
    return pieces
