"""Invariance: what a network needs to recognise moved, rotated and mirrored digits."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.datasets import Split
from nnlab.demos.experiments import MNIST
from nnlab.network import ACTIVATIONS, OUTPUTS, Network, initialise, number_of_parameters
from nnlab.optimisation import SGD
from nnlab.rendering.pieces import Claim, Column, Picture, Piece, Table, row_labels
from nnlab.training import BatchSource, load_splits, targets_of, train_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

SIDE = 28  # of an image
HALF = SIDE // 2
CORNERS = {
    "upper left": (0, 0),
    "upper right": (0, HALF),
    "lower left": (HALF, 0),
    "lower right": (HALF, HALF),
}
HIDDEN = 30
ETA, BATCH = 0.5, 10
SEEN = 50_000  # images per training: ten epochs of 5,000; twice as many for larger training sets
EMPTY = 500  # blank images, for the network that slides over an image
ANGLES = (0, 15, 30, 45, 90)
RANGE = 45  # degrees; the largest rotation of training images


def demo(source: Source) -> Iterator[Piece]:
    """Show digits in another corner, rotated digits, and mirrored digits."""
    training, others = load_splits(Experiment(**MNIST | {"eta": ETA, "epochs": 1}), source)
    yield (
        "A network recognises a digit wherever it lies and however it is rotated only if something makes it "
        "do so: its data, or its structure. Layers in which each neuron sees every pixel assume nothing of "
        f"the kind. All networks here have {HIDDEN} hidden sigmoid neurons and learn from "
        f"{len(training.labels):,} images of MNIST; errors are measured on {len(others.labels):,} others."
    )
    yield from another_corner(training, others)
    yield from rotated_digits(training, others)
    yield from mirrored_digits(training, others)


def learn(
    inputs: Array, targets: Array, seen: int = SEEN, *, softmax: bool = True, rng: np.random.Generator
) -> Network:
    """Return a network trained on `inputs`, (examples, features), and `targets`, (outputs, examples)."""
    architecture = (inputs.shape[1], HIDDEN, len(targets))
    output = OUTPUTS["softmax", "log_likelihood"] if softmax else OUTPUTS["sigmoid", "cross_entropy"]
    parameters = np.zeros(number_of_parameters(architecture), np.float32)
    network = Network(architecture, (ACTIVATIONS["sigmoid"],), output, parameters)
    initialise(network, "auto", rng=rng)
    order = np.concatenate([rng.permutation(len(inputs)) for _ in range(seen // len(inputs))])
    optimiser, source = SGD(), BatchSource(Split(inputs, targets.T), targets, BATCH)
    steps = enumerate(repeat(ETA))
    train_epoch(network, optimiser, optimiser.start(parameters), source.groups(order), steps)
    return network


def error(z: Array, labels: Array) -> float:
    """Return the share of `labels` that the pre-activations `z`, (10, examples), get wrong."""
    return float((z.argmax(axis=0) != labels).mean())


def shrunk(inputs: Array) -> Array:
    """Return the images at half their size, (examples, 14, 14)."""
    small: Array = inputs.reshape(-1, HALF, 2, HALF, 2).mean(axis=(2, 4))
    return small


def placed(small: Array, corner: str) -> Array:
    """Return blank images, (examples, 784), with the `small` ones, (examples, 14, 14), in a corner."""
    row, column = CORNERS[corner]
    images = np.zeros((len(small), SIDE, SIDE), small.dtype)
    images[:, row : row + HALF, column : column + HALF] = small
    return images.reshape(len(small), -1)


def centred(inputs: Array) -> Array:
    """Return the images, shifted by whole pixels so that their centre of mass is in the middle."""
    images = inputs.reshape(-1, SIDE, SIDE)
    # In float64 these sums are exact, so an image and its shifted copy are centred alike.
    pixels, ink = np.arange(SIDE), images.sum(axis=(1, 2), dtype=np.float64)
    middle = (SIDE - 1) / 2
    down, right = (
        np.rint(middle - images.sum(axis=axis, dtype=np.float64) @ pixels / ink).astype(int)
        for axis in (2, 1)
    )
    moved = [np.roll(each, shift, axis=(0, 1)) for each, *shift in zip(images, down, right, strict=True)]
    return np.stack(moved).reshape(inputs.shape)


def slid(network: Network, inputs: Array) -> Array:
    """Return z, (10, examples), of a network for 14 × 14 pixels: the largest over the corners of `inputs`."""
    images = inputs.reshape(-1, SIDE, SIDE)
    windows = [images[:, row : row + HALF, column : column + HALF] for row, column in CORNERS.values()]
    z = [network.pre_activations(window.reshape(len(images), -1)) for window in windows]
    largest: Array = np.max(z, axis=0)
    return largest


def another_corner(training: Split, others: Split) -> Iterator[Piece]:
    """Train on digits in the upper left, and test on all corners."""
    rng = np.random.default_rng(0)
    small, small_others = shrunk(training.inputs), shrunk(others.inputs)
    targets = targets_of(training.labels, 10, "float32")
    here = placed(small, "upper left")
    one_corner = learn(here, targets, rng=rng)
    everywhere = np.concatenate([placed(small, corner) for corner in CORNERS])
    all_corners = learn(everywhere, np.tile(targets, 4), 2 * SEEN, rng=rng)
    moved = learn(centred(here), targets, rng=rng)
    # One output per digit, all of them 0 where there is nothing, so that the corner with the digit wins.
    pieces = np.concatenate([small.reshape(len(small), -1), np.zeros((EMPTY, HALF**2), small.dtype)])
    small_network = learn(pieces, np.pad(targets, ((0, 0), (0, EMPTY))), softmax=False, rng=rng)
    errors: dict[str, list[float]] = {"one corner": [], "all corners": [], "slid": [], "centred": []}
    for corner in CORNERS:
        images = placed(small_others, corner)
        errors["one corner"].append(error(one_corner.pre_activations(images), others.labels))
        errors["all corners"].append(error(all_corners.pre_activations(images), others.labels))
        errors["slid"].append(error(slid(small_network, images), others.labels))
        errors["centred"].append(error(moved.pre_activations(centred(images)), others.labels))
    yield (
        "The cat in another corner. The training digits, half their size, lie in the upper left of an image; "
        "other digits then have to be recognised in each corner. The remedy by data: put every image in all "
        "four corners, which makes four times as many examples. The remedy by structure: slide one small "
        "network, for 14 × 14 pixels, over the four corners, and let the largest output win (it has also "
        "learnt that a blank corner holds no digit); or shift every image so that its centre of mass is in "
        "the middle. Errors:"
    )
    yield Table(
        {
            "digit in the": Column(list(CORNERS)),
            "trained in the upper left": Column(errors["one corner"], "{:.1%}".format),
            "trained in all four corners": Column(errors["all corners"], "{:.1%}".format),
            "small sliding network": Column(errors["slid"], "{:.1%}".format),
            "images centred": Column(errors["centred"], "{:.1%}".format),
        }
    )
    yield (
        "(The network that knows one corner fails in the same way in the other three: the corner that it "
        "looks at is blank, and its answer to a blank is nearly always the same.)"
    )
    yield (
        f"The small network has {len(small_network.parameters):,} parameters, the others have "
        f"{len(one_corner.parameters):,} each. Weights that are shared between places are what convolutional "
        "networks are made of."
    )
    first, *rest = errors["one corner"]
    yield Claim("where it has learnt, the network gets fewer than 12% wrong", first < 0.12)
    yield Claim("in every other corner it gets more than 80% wrong", min(rest) > 0.8)
    yield Claim(
        "trained in all corners, it gets fewer than 12% wrong in each", max(errors["all corners"]) < 0.12
    )
    yield Claim(
        "the small sliding network makes the same errors in every corner",
        len(set(errors["slid"])) == 1,
        "by construction",
    )
    yield Claim(
        "so does the network that gets centred images", len(set(errors["centred"])) == 1, "by construction"
    )
    yield Claim(
        "and both, trained in one corner only, get fewer than 12% wrong",
        max(errors["slid"] + errors["centred"]) < 0.12,
    )


def rotated(inputs: Array, degrees: Array | float) -> Array:
    """Return the images rotated about their middle, anticlockwise, by `degrees`: one angle, or one per image.

    A pixel is interpolated between the four that it comes from; beyond the edge there is no ink.
    """
    images = np.pad(inputs.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    angle = np.deg2rad(np.broadcast_to(degrees, len(images)))[:, np.newaxis, np.newaxis]
    middle = (SIDE - 1) / 2
    row, column = np.mgrid[:SIDE, :SIDE] - middle
    from_row = np.clip(np.cos(angle) * row + np.sin(angle) * column + middle + 1, 0, SIDE + 0.999)
    from_column = np.clip(np.cos(angle) * column - np.sin(angle) * row + middle + 1, 0, SIDE + 0.999)
    i, j = from_row.astype(int), from_column.astype(int)
    down, right = from_row - i, from_column - j
    each = np.arange(len(images))[:, np.newaxis, np.newaxis]
    above = (1 - right) * images[each, i, j] + right * images[each, i, j + 1]
    below = (1 - right) * images[each, i + 1, j] + right * images[each, i + 1, j + 1]
    result: Array = ((1 - down) * above + down * below).astype(inputs.dtype)
    return result.reshape(inputs.shape)


def rotated_digits(training: Split, others: Split) -> Iterator[Piece]:
    """Train on upright digits and on rotated ones, and test on rotated ones."""
    rng = np.random.default_rng(0)
    targets = targets_of(training.labels, 10, "float32")
    networks = {"upright digits": learn(training.inputs, targets, rng=rng)}
    for name, most in (("digits rotated by up to 45°", RANGE), ("digits rotated by any angle", 180)):
        copies = [rotated(training.inputs, rng.uniform(-most, most, len(training.labels))) for _ in range(4)]
        networks[name] = learn(np.concatenate(copies), np.tile(targets, 4), 2 * SEEN, rng=rng)
    errors: dict[str, list[float]] = {name: [] for name in networks}
    for angle in ANGLES:
        images = rotated(others.inputs, angle)
        for name, network in networks.items():
            errors[name].append(error(network.pre_activations(images), others.labels))
    yield (
        "Rotated digits: a network recognises the kind of digits that it has seen. The rotated ones to learn "
        "from are four copies of each image, each rotated by a random angle. Errors:"
    )
    example = others.inputs[:1]
    yield Picture(
        {
            f"a {others.labels[0]}": shrunk(example)[0],
            "rotated by 45°": shrunk(rotated(example, RANGE))[0],
        }
    )
    yield Table(
        {
            "rotated by": row_labels(ANGLES, "{}°".format),
            **{f"trained on {name}": Column(shares, "{:.1%}".format) for name, shares in errors.items()},
        }
    )
    upright, some, every = errors.values()
    yield Claim(
        "trained on upright digits, it gets more than half wrong when they are rotated by 45°",
        upright[3] > 0.5,
    )
    yield Claim(
        "trained on digits rotated by up to 45°, it gets fewer than a quarter wrong at 45°, and fewer than "
        "15% of upright ones",
        some[3] < 0.25 and some[0] < 0.15,
    )
    yield Claim(
        "it does not generalise beyond what it was shown: at 90° it gets more than half wrong", some[4] > 0.5
    )
    yield Claim(
        "any angle can be learnt, at a price (a rotated 6 is a 9): at each, between 15% and 35% are wrong",
        max(every) < 0.35 and min(every) > 0.15,
    )


def mirrored(inputs: Array) -> Array:
    """Return the images with left and right swapped."""
    return np.ascontiguousarray(inputs.reshape(-1, SIDE, SIDE)[:, :, ::-1]).reshape(inputs.shape)


def mirrored_digits(training: Split, others: Split) -> Iterator[Piece]:
    """Recognise mirrored digits, and distinguish them from digits."""
    rng = np.random.default_rng(0)
    targets = targets_of(training.labels, 10, "float32")
    both = np.concatenate([training.inputs, mirrored(training.inputs)])
    networks = {
        "digits": learn(training.inputs, targets, rng=rng),
        "digits and their mirror images": learn(both, np.tile(targets, 2), 2 * SEEN, rng=rng),
    }
    sides = learn(
        both, np.repeat(np.eye(2, dtype=np.float32), len(training.labels), axis=1), 2 * SEEN, rng=rng
    )
    images = {"digits": others.inputs, "mirror images": mirrored(others.inputs)}
    errors = {
        shown: [error(network.pre_activations(inputs), others.labels) for network in networks.values()]
        for shown, inputs in images.items()
    }
    accuracy = np.mean(
        [
            (sides.pre_activations(inputs).argmax(axis=0) == side).mean()
            for side, inputs in enumerate(images.values())
        ]
    )
    yield (
        "Mirrored digits. A face in a mirror is a face; a digit in a mirror is mostly a sign that nobody "
        "writes. The network trained on digits gets many of them wrong; one trained on both, with the same "
        "labels, gets few of either wrong:"
    )
    yield Table(
        {
            "trained on": Column(list(networks)),
            **{f"errors on {shown}": Column(shares, "{:.1%}".format) for shown, shares in errors.items()},
        }
    )
    yield (
        "Yet the two are not the same: a network trained to tell digits from mirror images is right for "
        f"{accuracy:.1%} of them. A network built to give both the same answer, by a fold for example, could "
        "not do this. An invariance is an assumption about the task: this one is good for faces, but not "
        "for digits."
    )
    yield Claim(
        "the network trained on digits gets more than 40% of the mirror images wrong",
        errors["mirror images"][0] > 0.4,
    )
    yield Claim(
        "the one trained on both gets fewer than 15% of either wrong",
        max(shares[1] for shares in errors.values()) < 0.15,
    )
    yield Claim("digits and mirror images can be told apart: more than 95% are right", accuracy > 0.95)
