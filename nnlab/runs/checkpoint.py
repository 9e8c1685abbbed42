"""Checkpoints: NumPy archives without pickle, `weights.0`, `biases.0`, …, checked against the config."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.errors import RunError
from nnlab.files import atomic_write
from nnlab.training import TrainingState, blank_network, start
from nnlab.training.early_stopping import History

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from nnlab.config import Experiment
    from nnlab.network import Network

STATE = "training_state"  # JSON: the epoch, the history of early stopping, the generator of the shuffles
VELOCITY = "velocity"


def weights_sha256(network: Network) -> str:
    """Return the SHA-256 of weights.0, biases.0, weights.1, …, their bytes little-endian and row by row."""
    return arrays_sha256(_arrays(network))


def arrays_sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of the bytes of `arrays`, one after another, little-endian and row by row."""
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def save_weights(path: Path, network: Network) -> None:
    """Write weights (fan_out, fan_in) and biases (fan_out,) of every layer to `path`, atomically."""
    save_arrays(path, _arrays(network))


def save_state(path: Path, state: TrainingState) -> None:
    """Write all that resuming needs to `path`, atomically."""
    facts = {
        "epoch": state.epoch,
        "history": asdict(state.history),
        "shuffle": state.rng.bit_generator.state,
    }
    save_arrays(
        path, {**_arrays(state.network), VELOCITY: state.velocity, STATE: np.array(json.dumps(facts))}
    )


def load_network(path: Path, experiment: Experiment) -> Network:
    """Return the experiment's network with the weights of `path`. Raises `RunError`."""
    network = blank_network(experiment)
    _fill(network, load_arrays(path), path)
    return network


def load_state(path: Path, experiment: Experiment) -> TrainingState:
    """Return the state that `save_state` wrote to `path`. Raises `RunError`."""
    arrays = load_arrays(path)
    state = start(experiment)
    _fill(state.network, arrays, path)
    try:
        facts = json.loads(str(arrays[STATE]))
        state.epoch = int(facts["epoch"])
        state.history = History(**facts["history"])
        state.rng.bit_generator.state = facts["shuffle"]
        np.copyto(state.velocity, arrays[VELOCITY], casting="no")
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path} is not a checkpoint to resume from: {error}") from error
    return state


def _arrays(network: Network) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weights.{layer}": weights, f"biases.{layer}": biases[:, 0]}
    return arrays


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` to `path`, atomically."""
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays that `path` holds. Raises `RunError`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    except FileNotFoundError:
        raise RunError(f"{path} is missing") from None
    except Exception as error:  # NumPy and zipfile raise of all kinds over damaged bytes
        raise RunError(f"{path} is not a readable checkpoint: {error}") from error


def _fill(network: Network, arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Copy `arrays` into `network`, if each has the shape and dtype that the config asks for."""
    for name, target in _arrays(network).items():
        found = arrays.get(name)
        if found is None:
            raise RunError(f"{path} holds no {name}, which the run's config asks for")
        if found.shape != target.shape or found.dtype != target.dtype:
            raise RunError(
                f"{path}: {name} is {found.dtype} {found.shape}; "
                f"the run's config asks for {target.dtype} {target.shape}"
            )
        target[...] = found
