"""The output of `nnlab train --dry-run`: the layers of a network, and the rule of thumb for examples."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from nnlab.datasets import number_of_examples
from nnlab.network import number_of_parameters
from nnlab.rendering.formatters import count, counted
from nnlab.rendering.pieces import Column, Table

if TYPE_CHECKING:
    from nnlab.config import Experiment


def pieces_of(experiment: Experiment) -> tuple[Table, str]:
    """Return the layers of the network of `experiment`, and whether there is one example per parameter."""
    layers = list(pairwise(experiment.architecture))
    parameters = number_of_parameters(experiment.architecture)
    table = Table(
        {
            "layer": Column([*range(1, len(layers) + 1), "total"], align="right"),
            "inputs": Column([*(fan_in for fan_in, _ in layers), None]),
            "neurons": Column([*(fan_out for _, fan_out in layers), None]),
            "activation": Column([*experiment.hidden_activations, experiment.output, None]),
            "parameters": Column([*map(number_of_parameters, layers), parameters], count),
        }
    )
    available = number_of_examples(experiment.dataset, experiment.dataset_options)
    examples = experiment.train_size or available - experiment.validation_size
    enough = (
        "here it is met"
        if examples >= parameters
        else "here it is not, so early stopping and l2 have to prevent overfitting"
    )
    share = f"{examples / parameters:.2g} each"
    rule = (
        f"{counted(examples, 'training example')} for {parameters:,} parameters: {share}. "
        f"The rule of thumb asks for about one; {enough}."
    )
    return table, rule
