"""Checkpoints: `weights.0`, `biases.0`, … and the arrays of the optimiser, checked against the config."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.errors import RunError
from nnlab.network import number_of_parameters
from nnlab.optimisation import NO_FALLS, Falls
from nnlab.runs import records
from nnlab.runs.npz import arrays_sha256, load_arrays, save_arrays
from nnlab.training import TrainingState, blank_network, blank_state, optimiser_of
from nnlab.training.early_stopping import History

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nnlab.config import Experiment
    from nnlab.network import Network

STATE = "training_state"  # JSON, a `Progress`
TRAINED = "trained"  # the parameters that are trained, where weights and biases are those of their average
MOST_EPOCHS = 1 << 63
OVERHEAD = 1 << 20  # the maximum number of bytes in a checkpoint besides arrays the size of the parameters


@dataclass(frozen=True)
class Progress:
    """The state of a training besides its arrays."""

    epoch: int
    history: History
    shuffle: dict[str, Any]  # the state of the generator that shuffles
    metrics_sha256: str | None = None  # of the metrics so far; missing, like the next, in old checkpoints
    weights_sha256: str | None = None  # of the best weights so far
    falls: Falls = NO_FALLS  # of η, on a plateau

    def __post_init__(self) -> None:
        """Raise `ValueError` if the fields contradict each other."""
        best, begun = self.history.best_epoch, self.epoch > 0
        if (
            not (best or 0) <= self.epoch < MOST_EPOCHS
            or not (0 <= self.falls.count <= self.epoch and 0 <= self.falls.waited <= self.epoch)
            or not 0 <= self.history.waited <= self.epoch
            or any((fact is not None) != begun for fact in (best, self.history.best, self.history.to_beat))
            or best == 0
        ):
            raise ValueError(f"after epoch {self.epoch} there cannot have been {self.history}, {self.falls}")


def weights_sha256(network: Network) -> str:
    """Return the SHA-256 of weights.0, biases.0, weights.1, …, as little-endian bytes, row by row."""
    return arrays_sha256(_arrays(network))


def save_weights(path: Path, network: Network) -> None:
    """Write weights (fan_out, fan_in) and biases (fan_out,) of every layer to `path`, atomically."""
    save_arrays(path, _arrays(network))


def save_state(path: Path, state: TrainingState, *, metrics_sha256: str, weights_sha256: str) -> None:
    """Write all that resuming needs to `path`, atomically, with the digests of metrics and best weights."""
    progress = Progress(
        state.epoch,
        state.history,
        dict(state.rng.bit_generator.state),
        metrics_sha256,
        weights_sha256,
        state.falls,
    )
    arrays = {**_arrays(state.validated), **state.optimiser, STATE: np.array(records.as_json(progress))}
    if state.average is not None:
        arrays[TRAINED] = state.network.parameters
    save_arrays(path, arrays)


def load_network(path: Path, experiment: Experiment) -> Network:
    """Return the network of `experiment` with the weights from `path`. Raises `RunError`."""
    arrays = _load_for(experiment, path)
    network = blank_network(experiment)
    _fill(network, arrays)
    return network


def load_state(path: Path, experiment: Experiment) -> tuple[TrainingState, Progress]:
    """Return the state that `save_state` wrote to `path`, and its progress record. Raises `RunError`."""
    arrays = _load_for(experiment, path)
    state = blank_state(experiment)
    _fill(state.validated, arrays)
    try:
        progress = records.parse(str(arrays[STATE]), Progress)
        state.epoch, state.history, state.falls = progress.epoch, progress.history, progress.falls
        state.rng.bit_generator.state = progress.shuffle
        for name, array in state.optimiser.items():
            array[...] = _checked(arrays[name], array.shape, array.dtype)
        if state.average is not None:
            parameters = state.network.parameters
            parameters[...] = _checked(arrays[TRAINED], parameters.shape, parameters.dtype)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise RunError(f"{path} is not a checkpoint to resume from: {error}") from error
    return state, progress


def _arrays(network: Network) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weights.{layer}": weights, f"biases.{layer}": biases[:, 0]}
    return arrays


def _load_for(experiment: Experiment, path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a checkpoint, checked to have the shapes and the dtype that `experiment` requires.

    Check before allocating memory for the network: the config of the run may give it any size.
    """
    dtype = np.dtype(experiment.dtype)
    parameters = number_of_parameters(experiment.architecture) * dtype.itemsize
    vectors = 1 + sum(array.size for array in optimiser_of(experiment).start(np.zeros(1, dtype)).values())
    vectors += bool(experiment.weight_average)
    arrays = load_arrays(path, limit=vectors * parameters + OVERHEAD)
    for layer, (fan_in, fan_out) in enumerate(pairwise(experiment.architecture)):
        for name, shape in ((f"weights.{layer}", (fan_out, fan_in)), (f"biases.{layer}", (fan_out,))):
            if name not in arrays:
                raise RunError(f"{path} does not hold {name}, which the run's config requires")
            try:
                _checked(arrays[name], shape, dtype)
            except ValueError as error:
                raise RunError(f"{path}: {name} {error}") from error
    return arrays


def _checked(array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `array` if it has the expected shape and dtype. Raises `ValueError`."""
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"is {array.dtype} {array.shape}; the run's config requires {dtype} {shape}")
    return array


def _fill(network: Network, arrays: dict[str, NDArray[Any]]) -> None:
    for name, target in _arrays(network).items():
        target[...] = arrays[name]
