"""Pixels that are zero in every training image take no part in the products, and change nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.datasets import Split
from nnlab.training import load_splits, load_to_train, start, train
from nnlab.training.idle_inputs import layout_of, without_idle_inputs
from tests.trainings import OFFLINE, linear_experiment

if TYPE_CHECKING:
    from nnlab.training import TrainingState

HIDDEN: dict[str, object] = {"architecture": (784, 12, 10), "activation": "tanh", "epochs": 3}


def pixels() -> Split:
    """Return five images of six pixels, of which the second and the last are always zero."""
    stored = np.array([[1, 0, 2, 0, 5, 0], [0, 0, 0, 0, 0, 9], [3, 0, 0, 4, 0, 0]], np.uint8)
    return Split(stored, np.arange(2), rows=np.array([2, 0]))


def images(stored: object) -> Split:
    return Split(np.array(stored, np.uint8), np.arange(len(np.array(stored))))


def test_the_idle_pixels_are_those_that_no_example_of_the_split_has() -> None:
    kept = without_idle_inputs(linear_experiment(), pixels())
    assert kept.stored.tolist() == [[3, 0, 4, 0], [1, 2, 0, 5]]
    assert kept.columns is not None
    assert kept.columns.tolist() == [True, False, True, True, True, False]
    np.testing.assert_array_equal(kept.inputs, pixels().inputs)
    layout = layout_of(start(linear_experiment(**HIDDEN)).network, kept)
    assert layout is not None
    assert (layout.used.tolist(), layout.idle.tolist()) == ([0, 2, 3, 4], [1, 5])
    assert layout.architecture == (4, 12, 10)


def test_floats_and_images_without_idle_pixels_are_left_alone() -> None:
    floats = Split(np.zeros((3, 4), np.float32), np.arange(3))
    for split in (floats, images([[1, 2], [3, 0]]), images([[0, 0], [0, 0]])):
        assert without_idle_inputs(linear_experiment(), split) is split
        assert layout_of(start(linear_experiment()).network, split) is None


@pytest.mark.parametrize(
    "changes", [{"max_norm": 2.0}, {"inputs": "symmetric"}, {"augmentation": {"shift": 1}}], ids=str
)
def test_where_they_matter_they_take_part(changes: dict[str, object]) -> None:
    assert without_idle_inputs(linear_experiment(**(HIDDEN | changes)), pixels()).stored.shape == (3, 6)


def test_a_narrowed_vector_is_the_network_on_the_used_inputs_and_can_be_widened() -> None:
    experiment = linear_experiment(**HIDDEN)
    state = start(experiment)
    training, _ = load_to_train(experiment, OFFLINE)
    layout = layout_of(state.network, training)
    assert layout is not None
    narrow = state.mapped(layout.narrowed, layout.architecture)
    x = training.take(slice(5))
    np.testing.assert_allclose(
        narrow.network.forward(x[:, layout.used].T), state.network.forward(x.T), rtol=1e-4, atol=1e-6
    )
    idle = state.network.weights[0][:, layout.idle]
    np.testing.assert_array_equal(narrow.network.idle_weights, idle.ravel())
    assert len(narrow.network.all_weights) == len(state.network.all_weights)
    copy = np.zeros_like(state.network.parameters)
    layout.widen(narrow.network.parameters, copy)
    np.testing.assert_array_equal(copy, state.network.parameters)


def trained(*, with_idle_inputs: bool, **changes: object) -> TrainingState:
    experiment = linear_experiment(dtype="float64", **(HIDDEN | changes))
    state = start(experiment)
    load = load_splits if with_idle_inputs else load_to_train
    training, validation = load(experiment, OFFLINE)
    assert (training.columns is None) == with_idle_inputs
    list(train(experiment, state, training, validation))
    return state


@pytest.mark.parametrize(
    "changes",
    [
        {"momentum": 0.0},
        {"momentum": 0.9, "l2": 0.01},
        {"momentum": 0.0, "l1": 1e-4, "l2": 0.01},
        {"optimiser": "nesterov", "l2": 0.01, "weight_average": 0.9},
        {"optimiser": "adam", "momentum": 0.0, "eta": 0.001, "l2": 0.01},
        {"momentum": 0.0, "dropout": (0.0, 0.5), "weight_average": 0.9},
    ],
    ids=str,
)
def test_training_without_them_is_the_same_to_rounding(changes: dict[str, object]) -> None:
    whole = trained(with_idle_inputs=True, **changes)
    without = trained(with_idle_inputs=False, **changes)
    for expected, found in zip(whole.arrays, without.arrays, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("l2", [0.0, 0.01])
def test_their_weights_shrink_with_l2_and_stay_without_it(l2: float) -> None:
    experiment = linear_experiment(dtype="float64", **HIDDEN)
    idle = ~np.asarray(load_to_train(experiment, OFFLINE)[0].columns)
    before = start(experiment).network.weights[0][:, idle]
    after = trained(with_idle_inputs=False, momentum=0.0, l2=l2).network.weights[0][:, idle]
    steps = 3 * 16
    np.testing.assert_allclose(after, before * (1 - 0.1 * l2) ** steps, rtol=1e-12)
