"""Work that is divided into blocks: the same gradients, whoever computes them and in whatever order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import Backpropagation, Dropout, blocks, one_by_one
from nnlab.network.blocks import blocks_of_gradient, blocks_of_layer
from nnlab.training import Team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Masks, Network, Share, Task

    from .conftest import BuildNetwork, DrawBatch

# A wide layer is divided into blocks of neurons, a narrow one into blocks of examples.
WIDE, NARROW = (40, 64, 48, 10), (40, 12, 9, 10)
BATCH = 70


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"LEAST_SIDE": 16, "LEAST_NEURONS": 4, "UNIT": 4}.items():
        monkeypatch.setattr(blocks, name, size)
    for name in ("LEAST_WORK", "LEAST_GRADIENT"):
        monkeypatch.setattr(blocks, name, 1)
    blocks_of_layer.cache_clear()


@pytest.fixture(autouse=True)
def _forget_small_blocks() -> object:
    yield
    blocks_of_layer.cache_clear()


def backwards(tasks: Sequence[Task]) -> None:
    one_by_one(tasks[::-1])


def divided(network: Network, share: Share = one_by_one) -> Backpropagation:
    backpropagation = Backpropagation(network, BATCH, share=share)
    assert backpropagation.is_divided
    return backpropagation


def undivided(network: Network, monkeypatch: pytest.MonkeyPatch) -> Backpropagation:
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "LEAST_GRADIENT", 10**12)
        patch.setattr(blocks, "LEAST_WORK", 10**12)
        blocks_of_layer.cache_clear()
        backpropagation = Backpropagation(network, BATCH)
    blocks_of_layer.cache_clear()
    assert not backpropagation.is_divided
    return backpropagation


def masks(network: Network) -> Masks:
    rates = [0.2] * (len(network.architecture) - 1)
    drawn = Dropout(rates, np.random.PCG64(1)).masks(network.architecture[:-1], BATCH, np.dtype("float64"))
    drawn.draw()
    return drawn


def test_a_narrow_network_is_divided_by_its_examples_alone(
    network: BuildNetwork, batch: DrawBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LEAST_NEURONS", 1000)
    net = network(NARROW, "tanh", ("softmax", "log_likelihood"), parameters=3)
    shared: list[int] = []

    def share(tasks: Sequence[Task]) -> None:
        shared.append(len(tasks))
        one_by_one(tasks)

    divided(net, share)(*batch(net, BATCH))
    # The activations of three layers and the errors of two, in four blocks each; the gradients and the rest.
    assert shared == [4] * 6


@pytest.mark.parametrize("architecture", [WIDE, NARROW], ids=str)
@pytest.mark.parametrize("with_masks", [False, True])
def test_the_gradient_is_that_of_the_undivided_network(
    architecture: tuple[int, ...],
    network: BuildNetwork,
    batch: DrawBatch,
    monkeypatch: pytest.MonkeyPatch,
    *,
    with_masks: bool,
) -> None:
    net = network(architecture, "tanh", ("softmax", "log_likelihood"), parameters=3)
    x, y = batch(net, BATCH)
    whole, parts = undivided(net, monkeypatch), divided(net)
    z = whole(x, y, masks=masks(net) if with_masks else None)
    np.testing.assert_allclose(parts(x, y, masks=masks(net) if with_masks else None), z, rtol=1e-12)
    np.testing.assert_allclose(parts.gradient, whole.gradient, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("architecture", [WIDE, NARROW], ids=str)
def test_the_bits_depend_neither_on_the_threads_nor_on_the_order(
    architecture: tuple[int, ...], network: BuildNetwork, batch: DrawBatch
) -> None:
    net = network(architecture, "relu", ("softmax", "log_likelihood"), parameters=3, dtype="float32")
    x, y = batch(net, BATCH)
    teams = [Team(threads) for threads in (2, 3, 8)]
    results = set()
    for share in (one_by_one, backwards, *(team.share for team in teams)):
        backpropagation = divided(net, share)
        for _ in range(5):
            z = backpropagation(x, y)
            results.add((backpropagation.gradient.tobytes(), z.tobytes()))
    for team in teams:
        team.disband()
    assert len(results) == 1


@pytest.mark.parametrize("share", [one_by_one, backwards])
def test_each_part_is_used_once_when_its_gradient_is_known(
    share: Share, network: BuildNetwork, batch: DrawBatch
) -> None:
    net = network(WIDE, "tanh", ("softmax", "log_likelihood"), parameters=3)
    x, y = batch(net, BATCH)
    reference = divided(net)
    reference(x, y)
    backpropagation = divided(net, share)
    parts = backpropagation.parts
    used: list[int] = []

    def use(part: int) -> None:
        used.append(part)
        place = parts[part]
        np.testing.assert_array_equal(backpropagation.gradient[place], reference.gradient[place])
        net.parameters[place] = np.nan  # nothing may read them any more

    before = net.parameters.copy()
    backpropagation(x, y, on_part=use)
    np.testing.assert_array_equal(backpropagation.gradient, reference.gradient)
    assert sorted(used) == list(range(len(parts)))
    places = np.concatenate([np.arange(len(before))[place] for place in parts])
    np.testing.assert_array_equal(np.sort(places), np.arange(len(before)))


def test_blocks_cover_a_layer_and_the_first_is_the_larger_one() -> None:
    assert blocks_of_layer(64, 40, 70) == [
        (slice(start, stop), slice(None)) for start, stop in ((0, 20), (20, 36), (36, 52), (52, 64))
    ]
    assert blocks_of_layer(12, 40, 70) == [
        (slice(None), slice(start, stop)) for start, stop in ((0, 22), (22, 38), (38, 54), (54, 70))
    ]
    assert blocks_of_gradient(10, 40, 70) == [slice(0, 6), slice(6, 10)]
    assert blocks_of_gradient(7, 40, 70) == [slice(0, 7)]


def test_small_work_is_not_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    blocks_of_layer.cache_clear()
    assert len(blocks_of_layer(128, 784, 64)) == len(blocks_of_gradient(128, 784, 64)) == 1
    assert len(blocks_of_layer(800, 784, 100)) == len(blocks_of_gradient(800, 784, 100)) == 2
    assert len(blocks_of_layer(128, 784, 50_000)) == 128
