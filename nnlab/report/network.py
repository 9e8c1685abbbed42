"""What the page shows of a network itself: first-layer weights, and the drawing board with all of it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from nnlab.analysis.answers import are_probabilities, image_shape
from nnlab.analysis.first_layer import label_of, strongest_neurons
from nnlab.rendering.formatters import counted
from nnlab.report import images
from nnlab.report.page import Board, Gallery, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.config import Experiment
    from nnlab.network import Network

MOST_NEURONS = 64


def weights_section(network: Network, classes: Sequence[str], experiment: Experiment) -> Gallery:
    """Return the weights of the first layer as images, those of the strongest neurons."""
    weights, order, shape = network.weights[0], strongest_neurons(network), image_shape(experiment)
    shown = order[:MOST_NEURONS]
    most = float(np.abs(weights[shown]).max())
    which = counted(len(order), "neuron")
    if len(shown) < len(order):
        which = f"{len(shown)} of {which}, those with the largest weights"
    pictures = [
        Picture(images.of_weights(weights[neuron].reshape(shape), most), f"Weights of neuron {label}", label)
        for neuron in shown
        for label in [label_of(network, neuron, classes)]
    ]
    return Gallery(f"{which}. Black speaks for a neuron, white against it, grey is 0.", pictures)


def board_section(network: Network, classes: Sequence[str], experiment: Experiment) -> Board:
    """Return the drawing board, with the weights in float32."""
    parameters = network.without_scaling().parameters.astype("<f4").tobytes()
    data = {
        "classes": list(classes),
        "are_probabilities": are_probabilities(experiment.output),
        "architecture": list(network.architecture),
        "activations": [*experiment.hidden_activations, experiment.output],
        "parameters": base64.b64encode(parameters).decode(),
    }
    return Board(classes, len(network.weights) > 1, data)
