"""The weights of the first layer, as images: what each neuron looks for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnlab.analysis.first_layer import label_of, strongest_neurons
from nnlab.plots.style import new_figure
from nnlab.rendering.formatters import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from nnlab.network import Network

MOST, COLUMNS = 64, 8


def figure_of(network: Network, classes: Sequence[str], shape: tuple[int, int], name: str) -> Figure:
    """Return the weights of the neurons with the largest ones: black speaks for a neuron, white against."""
    weights, order = network.weights[0], strongest_neurons(network)[:MOST]
    columns = min(COLUMNS, len(order)) if len(order) != len(classes) else math.ceil(len(order) / 2)
    rows = math.ceil(len(order) / columns)
    figure = new_figure(1.25 * columns + 1.2, 1.42 * rows + 1)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    most = float(np.abs(weights[order]).max()) or 1.0
    image = None
    for axes, neuron in zip(grid.flat, order, strict=False):
        image = axes.imshow(weights[neuron].reshape(shape), cmap="gray_r", vmin=-most, vmax=most)
        axes.set_title(label_of(network, neuron, classes), fontsize=9)
    if image is not None:
        figure.colorbar(image, ax=grid, shrink=0.7, label="weight (black speaks for the neuron)")
    shown = f"{len(order)} of " if len(order) < len(weights) else ""
    figure.suptitle(f"First-layer weights of {name}: {shown}{counted(len(weights), 'neuron')}")
    return figure
