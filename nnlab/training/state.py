"""The state of a training: all that the next epoch depends on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network import ACTIVATIONS, OUTPUTS, Array, Network, initialise, number_of_parameters
from nnlab.optimisation import Falls, OptimiserState
from nnlab.randomness import stream
from nnlab.training.early_stopping import History
from nnlab.training.methods import optimiser_of, scaling_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.config import Experiment


@dataclass
class TrainingState:
    """All that, with the experiment and the data, determines the next epoch; a checkpoint holds it."""

    network: Network
    optimiser: OptimiserState
    rng: np.random.Generator  # shuffles the examples
    epoch: int = 0
    history: History = field(default_factory=History)
    falls: Falls = field(default_factory=Falls)
    average: Array | None = None  # the moving average of the parameters, if the experiment wants one

    @property
    def validated(self) -> Network:
        """The network that is validated and kept: that of the averaged parameters, if there are any."""
        return self.network if self.average is None else replace(self.network, parameters=self.average)

    @property
    def is_best(self) -> bool:
        """Whether its weights are the best so far; before the first epoch, the starting weights are."""
        return self.epoch == (self.history.best_epoch or 0)

    @property
    def arrays(self) -> list[Array]:
        """The parameters, and the arrays like them that belong to the state."""
        average = [] if self.average is None else [self.average]
        return [self.network.parameters, *self.optimiser.values(), *average]

    def copy(self) -> TrainingState:
        """Return a copy that does not change as the training continues."""
        return replace(self.mapped(np.copy), rng=deepcopy(self.rng))

    def mapped(
        self, function: Callable[[Array], Array], architecture: tuple[int, ...] | None = None
    ) -> TrainingState:
        """Return this state with `function` applied to its arrays, those of a network of `architecture`."""
        network = replace(
            self.network,
            architecture=architecture or self.network.architecture,
            parameters=function(self.network.parameters),
        )
        optimiser = {name: function(array) for name, array in self.optimiser.items()}
        average = None if self.average is None else function(self.average)
        return replace(self, network=network, optimiser=optimiser, average=average)


def blank_network(experiment: Experiment) -> Network:
    """Return the network of `experiment` with all parameters zero."""
    return Network(
        architecture=tuple(experiment.architecture),
        hidden_activations=tuple(ACTIVATIONS[name] for name in experiment.hidden_activations),
        output=OUTPUTS[experiment.output, experiment.loss],
        parameters=np.zeros(number_of_parameters(experiment.architecture), experiment.dtype),
        scaling=scaling_of(experiment),
    )


def blank_state(experiment: Experiment) -> TrainingState:
    """Return the state before the first epoch with all parameters zero."""
    network = blank_network(experiment)
    optimiser = optimiser_of(experiment).start(network.parameters)
    average = np.zeros_like(network.parameters) if experiment.weight_average else None
    return TrainingState(network, optimiser, stream(experiment.seed, "shuffle"), average=average)


def start(experiment: Experiment) -> TrainingState:
    """Return the state before the first epoch, with weights given by `experiment` or drawn from its seed."""
    state = blank_state(experiment)
    network = state.network
    rng = stream(experiment.seed, "initialisation")
    if experiment.start is None:
        initialise(network, experiment.initialisation, rng=rng)
    else:
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            weights[...] = experiment.start.weights[layer]
            biases[:, 0] = experiment.start.biases[layer]
    if state.average is not None:
        state.average[...] = network.parameters
    return state
