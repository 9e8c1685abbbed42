"""Pixels that are zero in every training image take no part in the products, and change nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.datasets import Split
from nnlab.training import start, train, trainer
from nnlab.training.idle_inputs import layout_of
from tests.trainings import linear_experiment, splits

if TYPE_CHECKING:
    from nnlab.training import TrainingState

HIDDEN: dict[str, object] = {"architecture": (784, 12, 10), "activation": "tanh", "epochs": 3}


def pixels() -> Split:
    """Return five images of six pixels, of which the second and the last are always zero."""
    stored = np.array([[1, 0, 2, 0, 5, 0], [0, 0, 0, 0, 0, 9], [3, 0, 0, 4, 0, 0]], np.uint8)
    return Split(stored, np.arange(2), rows=np.array([2, 0]))


def test_the_idle_pixels_are_those_that_no_example_of_the_split_has() -> None:
    network = start(linear_experiment(**HIDDEN)).network
    layout = layout_of(network, pixels())
    assert layout is not None
    assert layout.idle.tolist() == [1, 5]
    assert layout.used.tolist() == [0, 2, 3, 4]
    assert layout.architecture == (4, 12, 10)
    kept = layout.split(pixels())
    assert kept.stored.tolist() == [[3, 0, 4, 0], [1, 2, 0, 5]]
    np.testing.assert_array_equal(kept.inputs, pixels().inputs[:, layout.used])


def test_floats_and_images_without_idle_pixels_are_left_alone() -> None:
    network = start(linear_experiment(**HIDDEN)).network
    assert layout_of(network, Split(np.zeros((3, 4), np.float32), np.arange(3))) is None
    assert layout_of(network, Split(np.ones((3, 4), np.uint8), np.arange(3))) is None
    assert layout_of(network, Split(np.zeros((3, 4), np.uint8), np.arange(3))) is None


def test_a_narrowed_vector_is_the_network_on_the_used_inputs_and_can_be_widened() -> None:
    state = start(linear_experiment(**HIDDEN))
    training, _ = splits()
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


def trained(*, with_idle_inputs: bool, monkeypatch: pytest.MonkeyPatch, **changes: object) -> TrainingState:
    experiment = linear_experiment(dtype="float64", **(HIDDEN | changes))
    state = start(experiment)
    layouts = []

    def layout(*arguments: object) -> object:
        found = None if with_idle_inputs else layout_of(*arguments)  # type: ignore[arg-type]
        layouts.append(found)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "layout_of", layout)
        list(train(experiment, state, *(Split(s.stored, s.labels, s.rows, "float64") for s in splits())))
    assert layouts
    assert with_idle_inputs or layouts[0]
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
def test_training_without_them_is_the_same_to_rounding(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(with_idle_inputs=True, monkeypatch=monkeypatch, **changes)
    without = trained(with_idle_inputs=False, monkeypatch=monkeypatch, **changes)
    for expected, found in zip(whole.arrays, without.arrays, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-11)
    assert whole.network.parameters.shape == without.network.parameters.shape


def test_their_weights_shrink_with_l2_and_stay_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    training, _ = splits()
    before = start(linear_experiment(dtype="float64", **HIDDEN))
    layout = layout_of(before.network, training)
    assert layout is not None
    weights = before.network.weights[0][:, layout.idle]
    for l2 in (0.0, 0.01):
        after = trained(with_idle_inputs=False, monkeypatch=monkeypatch, momentum=0.0, l2=l2)
        steps = 3 * 16
        factor = (1 - 0.1 * l2) ** steps
        np.testing.assert_allclose(after.network.weights[0][:, layout.idle], weights * factor, rtol=1e-12)


@pytest.mark.parametrize(
    "changes", [{"max_norm": 2.0}, {"inputs": "symmetric"}, {"augmentation": {"shift": 1}}], ids=str
)
def test_where_they_matter_they_take_part(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(trainer, "layout_of", unexpected)
    experiment = linear_experiment(**(HIDDEN | changes | {"epochs": 1}))
    list(train(experiment, start(experiment), *splits()))
