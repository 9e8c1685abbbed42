"""Checkpoints: NumPy archives without pickle, `weights.0`, `biases.0`, …, checked against the config."""

from __future__ import annotations

import hashlib
import io
import math
import os
import warnings
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab import files
from nnlab.errors import RunError
from nnlab.network import number_of_parameters
from nnlab.runs import records
from nnlab.training import TrainingState, blank_network, blank_state
from nnlab.training.early_stopping import History

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from nnlab.config import Experiment
    from nnlab.network import Network

STATE = "training_state"  # JSON, a `Progress`
LARGEST = 1 << 26  # bytes of a checkpoint whose size no network gives
TAIL = 4096  # bytes: the directory of the archive of a network of thirty layers
BESIDE = 1 << 20  # bytes of a checkpoint that are neither parameters nor velocity, at most


@dataclass(frozen=True)
class Progress:
    """What resuming needs beside arrays."""

    epoch: int
    history: History
    shuffle: dict[str, Any]  # the state of the generator
    metrics_sha256: str | None = None  # of the metrics so far; like the next, not in old checkpoints
    weights_sha256: str | None = None  # of the best weights so far

    def __post_init__(self) -> None:
        """Raise `ValueError` for what cannot be true together."""
        best, begun = self.history.best_epoch, self.epoch > 0
        if (
            not (best or 0) <= self.epoch
            or not 0 <= self.history.waited <= self.epoch
            or any((fact is not None) != begun for fact in (best, self.history.best, self.history.to_beat))
            or best == 0
        ):
            raise ValueError(f"after epoch {self.epoch} there cannot have been {self.history}")


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


def save_state(path: Path, state: TrainingState, *, metrics_sha256: str, weights_sha256: str) -> None:
    """Write all that resuming needs to `path`, atomically; the digests are of metrics and best weights."""
    progress = Progress(
        state.epoch,
        state.history,
        dict(state.rng.bit_generator.state),
        metrics_sha256,
        weights_sha256,
    )
    text = np.array(records.as_json(progress))
    save_arrays(path, {**_arrays(state.network), **state.optimiser, STATE: text})


def load_network(path: Path, experiment: Experiment) -> Network:
    """Return the experiment's network with the weights of `path`. Raises `RunError`."""
    arrays = _load_for(experiment, path)
    network = blank_network(experiment)
    _fill(network, arrays)
    return network


def load_state(path: Path, experiment: Experiment) -> tuple[TrainingState, Progress]:
    """Return the state that `save_state` wrote to `path`, and what it had beside. Raises `RunError`."""
    arrays = _load_for(experiment, path)
    state = blank_state(experiment)
    _fill(state.network, arrays)
    try:
        progress = records.parse(str(arrays[STATE]), Progress)
        state.epoch, state.history = progress.epoch, progress.history
        state.rng.bit_generator.state = progress.shuffle
        for name, array in state.optimiser.items():
            array[...] = _checked(arrays[name], array.shape, array.dtype)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise RunError(f"{path} is not a checkpoint to resume from: {error}") from error
    return state, progress


def _arrays(network: Network) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weights.{layer}": weights, f"biases.{layer}": biases[:, 0]}
    return arrays


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` to `path`, atomically."""
    with files.atomic_write(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def tail_sha256(path: Path) -> str:
    """Return the SHA-256 of the last bytes of `path`, which hold a checksum of each of its arrays.

    So it tells one checkpoint from another without reading it. Raises `RunError`.
    """
    with files.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - TAIL))
        return hashlib.sha256(file.read(TAIL)).hexdigest()


def load_arrays(path: Path, *, limit: int = LARGEST) -> dict[str, NDArray[Any]]:
    """Return the arrays that `path` holds, read-only. Raises `RunError`, also for more than `limit` bytes.

    np.load would believe what an archive says of its sizes, and take that much memory.
    """
    content = files.read(path, limit=limit)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that are no Python
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("it is compressed, which numpy.savez does not do")
            if sum(entry.file_size for entry in entries) > len(content):
                raise ValueError("its arrays are larger than itself")
            return {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in entries}
    except Exception as error:  # NumPy and zipfile raise of all kinds over damaged bytes
        raise RunError(f"{path} is not a readable checkpoint: {error}") from error


def _array(content: bytes) -> NDArray[Any]:
    """Return the array that the .npy file `content` holds; it takes no memory of its own."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is not in version 1.0 of NumPy's format")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if stream.tell() + dtype.itemsize * math.prod(shape) != len(content):
        raise ValueError(f"an array of {len(content):,} bytes says that it is {dtype} {shape}")
    array = np.frombuffer(content, dtype, offset=stream.tell())  # refuses objects
    return array.reshape(shape, order="F" if by_columns else "C")


def _load_for(experiment: Experiment, path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a checkpoint, if they have the shapes and the dtype that `experiment` asks for.

    Only then may memory be taken for its network, which may be of any size that somebody wrote into a config.
    """
    dtype = np.dtype(experiment.dtype)
    parameters = number_of_parameters(experiment.architecture) * dtype.itemsize
    arrays = load_arrays(path, limit=2 * parameters + BESIDE)
    for layer, (fan_in, fan_out) in enumerate(pairwise(experiment.architecture)):
        for name, shape in ((f"weights.{layer}", (fan_out, fan_in)), (f"biases.{layer}", (fan_out,))):
            if name not in arrays:
                raise RunError(f"{path} holds no {name}, which the run's config asks for")
            try:
                _checked(arrays[name], shape, dtype)
            except ValueError as error:
                raise RunError(f"{path}: {name} {error}") from error
    return arrays


def _checked(array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `array` if it is what is expected. Raises `ValueError`."""
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"is {array.dtype} {array.shape}; the run's config asks for {dtype} {shape}")
    return array


def _fill(network: Network, arrays: dict[str, NDArray[Any]]) -> None:
    for name, target in _arrays(network).items():
        target[...] = arrays[name]
