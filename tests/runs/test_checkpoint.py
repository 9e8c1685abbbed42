from __future__ import annotations

import copy
import hashlib
import io
import json
import math
import struct
import tracemalloc
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from nnlab.errors import RunError
from nnlab.runs import checkpoint
from nnlab.runs.run import Run, experiment_of
from nnlab.training import start, train
from tests.trainings import an_experiment, splits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.config import Experiment
    from nnlab.network import Network


ARRAYS = {
    "weights.0": (5, 784),  # (fan_out, fan_in)
    "biases.0": (5,),
    "weights.1": (10, 5),
    "biases.1": (10,),
}


@pytest.fixture
def arrays(trained: Run) -> dict[str, Any]:
    with np.load(trained.best_npz, allow_pickle=False) as archive:
        return dict(archive)


def test_best_holds_the_weights_and_biases_of_each_layer_without_pickle(arrays: dict[str, Any]) -> None:
    assert {name: array.shape for name, array in arrays.items()} == ARRAYS
    assert {array.dtype for array in arrays.values()} == {np.dtype("<f4")}


def test_last_also_holds_what_resuming_needs_without_pickle(trained: Run) -> None:
    with np.load(trained.last_npz, allow_pickle=False) as archive:
        shapes = {name: archive[name].shape for name in archive}
    assert {name: shape for name, shape in shapes.items() if name in ARRAYS} == ARRAYS
    assert set(shapes) == {*ARRAYS, "velocity", "training_state"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_come_back_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    described = an_experiment(dtype=dtype)
    network = start(described).network
    checkpoint.save_weights(tmp_path / "a.npz", network)
    loaded = checkpoint.load_network(tmp_path / "a.npz", described)
    np.testing.assert_array_equal(loaded.parameters, network.parameters, strict=True)


def test_a_state_comes_back_such_that_the_next_epoch_is_the_same(tmp_path: Path) -> None:
    described = an_experiment(epochs=2)
    state = start(described)
    epochs = train(described, state, *splits())
    next(epochs)
    digests = {"metrics_sha256": "0123", "weights_sha256": "4567"}
    checkpoint.save_state(tmp_path / "a.npz", state, **digests)
    loaded, progress = checkpoint.load_state(tmp_path / "a.npz", described)
    assert (progress.metrics_sha256, progress.weights_sha256) == ("0123", "4567")
    assert (loaded.epoch, loaded.history) == (1, state.history)
    np.testing.assert_array_equal(loaded.optimiser["velocity"], state.optimiser["velocity"], strict=True)
    assert loaded.optimiser["velocity"].any()
    expected, found = next(epochs), next(train(described, loaded, *splits()))
    assert found.val_loss == expected.val_loss
    np.testing.assert_array_equal(loaded.network.parameters, state.network.parameters)


def test_the_digest_is_that_of_the_bytes_in_order(trained: Run, arrays: dict[str, Any]) -> None:
    network = checkpoint.load_network(trained.best_npz, experiment_of(trained))
    expected = hashlib.sha256(b"".join(arrays[name].astype("<f4").tobytes(order="C") for name in ARRAYS))
    assert checkpoint.weights_sha256(network) == expected.hexdigest()


def test_the_digest_does_not_depend_on_how_memory_is_laid_out(trained: Run) -> None:
    network = checkpoint.load_network(trained.best_npz, experiment_of(trained))
    for laid_out in (np.asfortranarray, lambda array: array.astype(array.dtype.newbyteorder(">"))):
        other = SimpleNamespace(
            weights=[laid_out(weights) for weights in network.weights],
            biases=[laid_out(biases) for biases in network.biases],
        )
        assert checkpoint.weights_sha256(cast("Network", other)) == checkpoint.weights_sha256(network)


def test_the_digest_tells_any_bit_apart(trained: Run) -> None:
    network = checkpoint.load_network(trained.best_npz, experiment_of(trained))
    before = checkpoint.weights_sha256(network)
    network.biases[1][9, 0] = np.nextafter(network.biases[1][9, 0], np.float32(np.inf))
    assert checkpoint.weights_sha256(network) != before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights.1": None}, r"does not hold weights\.1, which the run's config requires"),
        ({"weights.0": np.zeros((784, 5), "f4")}, r"weights\.0 is float32 \(784, 5\); .* \(5, 784\)"),
        ({"biases.0": np.zeros((5, 1), "f4")}, r"biases\.0 is float32 \(5, 1\); .* \(5,\)"),
        ({"biases.1": np.zeros(10)}, r"biases\.1 is float64 \(10,\); .* float32 \(10,\)"),
        ({"weights.0": np.zeros((5, 784), "i4")}, r"weights\.0 is int32"),
    ],
)
def test_arrays_that_do_not_fit_the_config_are_refused(
    tmp_path: Path,
    trained: Run,
    arrays: dict[str, Any],
    changes: dict[str, Any],
    reason: str,
) -> None:
    path = tmp_path / "odd.npz"
    changed = {name: array for name, array in (arrays | changes).items() if array is not None}
    np.savez(path, allow_pickle=False, **changed)
    with pytest.raises(RunError, match=rf"odd\.npz:? {reason}"):
        checkpoint.load_network(path, experiment_of(trained))


def test_pickled_objects_are_refused_and_not_run(tmp_path: Path, trained: Run) -> None:
    path, told = tmp_path / "evil.npz", tmp_path / "told"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return told.touch, ()

    arrays: dict[str, Any] = {"weights.0": np.array([Evil()], object)}
    np.savez(path, **arrays)
    with pytest.raises(RunError, match=r"evil\.npz is not a readable checkpoint"):
        checkpoint.load_network(path, experiment_of(trained))
    assert not told.exists()


# A cut-off file is tested in tests/cli: there a process ends with it.
@pytest.mark.parametrize("kind", ["empty", "text", "flipped", "a single array"])
@pytest.mark.parametrize("load", [checkpoint.load_network, checkpoint.load_state])
def test_a_damaged_file_is_a_run_error_that_names_it(
    tmp_path: Path, trained: Run, load: Callable[[Path, Experiment], object], kind: str
) -> None:
    path = tmp_path / "damaged.npz"
    good = trained.last_npz.read_bytes()
    middle = len(good) // 3
    contents = {
        "empty": b"",
        "text": b"no archive at all\n" * 100,
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
    }
    if kind == "a single array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        path.write_bytes(contents[kind])
    with pytest.raises(RunError, match=r"damaged\.npz"):
        load(path, experiment_of(trained))


def test_a_missing_file_is_a_run_error_that_names_it(tmp_path: Path, trained: Run) -> None:
    with pytest.raises(RunError, match=r"gone\.npz is missing"):
        checkpoint.load_network(tmp_path / "gone.npz", experiment_of(trained))


def test_the_best_weights_alone_are_nothing_to_resume_from(trained: Run) -> None:
    with pytest.raises(RunError, match=r"best\.npz is not a checkpoint to resume from"):
        checkpoint.load_state(trained.best_npz, experiment_of(trained))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        lambda _: [],
        lambda _: {},
        lambda state: state | {"epoch": "3"},
        lambda state: state | {"epoch": -1},
        lambda state: state | {"epoch": 0},
        lambda state: state | {"history": {"nonsense": 1}},
        lambda state: state | {"history": state["history"] | {"best": None}},
        lambda state: state | {"history": state["history"] | {"best": math.nan}},
        lambda state: state | {"history": state["history"] | {"best_epoch": 4}},
        lambda state: state | {"history": state["history"] | {"best_epoch": 0}},
        lambda state: state | {"history": state["history"] | {"waited": -1}},
        lambda state: state | {"history": state["history"] | {"waited": 10**30}},
        lambda state: state | {"shuffle": {}},
        lambda state: state | {"shuffle": state["shuffle"] | {"bit_generator": "MT19937"}},
        lambda state: state | {"shuffle": state["shuffle"] | {"uinteger": 10**30}},
        lambda state: state | {"shuffle": state["shuffle"] | {"state": {"state": 1 << 200, "inc": 1}}},
    ],
)
def test_a_state_that_cannot_be_is_a_run_error(
    tmp_path: Path, trained: Run, change: Callable[[Any], Any]
) -> None:
    path = tmp_path / "odd.npz"
    with np.load(trained.last_npz) as archive:
        state = json.loads(str(archive["training_state"]))
        np.savez(path, **dict(archive) | {"training_state": np.array(json.dumps(change(state)))})
    with pytest.raises(RunError, match=r"odd\.npz is not a checkpoint to resume from"):
        checkpoint.load_state(path, experiment_of(trained))


def test_a_checkpoint_of_before_the_digests_still_loads(tmp_path: Path, trained: Run) -> None:
    path = tmp_path / "old.npz"
    with np.load(trained.last_npz) as archive:
        state = json.loads(str(archive["training_state"]))
        del state["metrics_sha256"], state["weights_sha256"]
        np.savez(path, **dict(archive) | {"training_state": np.array(json.dumps(state))})
    state, progress = checkpoint.load_state(path, experiment_of(trained))
    assert (state.epoch, progress.metrics_sha256, progress.weights_sha256) == (3, None, None)


def test_an_archive_that_is_larger_than_its_network_is_not_even_read(
    tmp_path: Path, trained: Run, arrays: dict[str, Any]
) -> None:
    np.savez(tmp_path / "large.npz", **arrays, more=np.zeros(1 << 20))
    with pytest.raises(RunError, match=r"large\.npz is larger than [\d,]+ bytes"):
        checkpoint.load_network(tmp_path / "large.npz", experiment_of(trained))


def test_a_zip_bomb_takes_no_memory(tmp_path: Path, trained: Run, arrays: dict[str, Any]) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", **arrays, more=np.zeros(1 << 25))
    tracemalloc.start()
    with pytest.raises(RunError, match=r"bomb\.npz is not a readable checkpoint: it is compressed"):
        checkpoint.load_network(tmp_path / "bomb.npz", experiment_of(trained))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", "claims to be float32"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -5), }",
            "does not begin",
        ),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (5,), }", "does not begin"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 70 + "10), }", "dimension"),
        ("{'descr': '<f4', 'shape': (10,), }", "does not begin"),
        ("'\\\\q'", "does not begin"),
    ],
)
def test_a_header_that_lies_is_a_run_error(tmp_path: Path, trained: Run, header: str, reason: str) -> None:
    path = tmp_path / "lie.npz"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + b"\0" * 40
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights.0.npy", content)
    with pytest.raises(RunError, match=rf"lie\.npz is not a readable checkpoint: .*{reason}"):
        checkpoint.load_network(path, experiment_of(trained))


def test_arrays_that_overlap_in_the_file_are_refused(
    tmp_path: Path, trained: Run, arrays: dict[str, Any]
) -> None:
    path = tmp_path / "overlap.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, array)
            archive.writestr(f"{name}.npy", stream.getvalue())
        for number in range(50):  # further names for what lies there once
            again = copy.copy(archive.filelist[0])
            again.filename = f"more{number}.npy"
            archive.filelist.append(again)
    with pytest.raises(RunError, match=r"overlap\.npz is not a readable checkpoint: its arrays are larger"):
        checkpoint.load_network(path, experiment_of(trained))


def test_no_flipped_byte_of_a_header_gives_anything_but_a_run_error_or_the_right_weights(
    tmp_path: Path, trained: Run
) -> None:
    run, experiment = trained, experiment_of(trained)
    whole = run.best_npz.read_bytes()
    right = checkpoint.weights_sha256(checkpoint.load_network(run.best_npz, experiment))
    damaged = tmp_path / "damaged.npz"
    for position in [*range(0, 200, 3), *range(len(whole) - 400, len(whole), 7)]:
        damaged.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            network = checkpoint.load_network(damaged, experiment)
        except RunError as error:
            assert str(damaged) in str(error)  # noqa: PT017 (most flips, not all, are an error)
        else:
            assert checkpoint.weights_sha256(network) == right


@pytest.mark.parametrize("load", [checkpoint.load_network, checkpoint.load_state])
def test_no_memory_is_taken_for_a_network_that_the_file_is_not_of(
    trained: Run, load: Callable[[Path, Experiment], object]
) -> None:
    huge = experiment_of(trained).model_copy(update={"architecture": (784, 100_000, 9_000, 10)})
    tracemalloc.start()
    with pytest.raises(RunError, match=r"weights\.0 is float32 \(5, 784\)"):
        load(trained.last_npz, huge)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
