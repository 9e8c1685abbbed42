"""Invariance: a digit moved, turned or mirrored, and the data or structure that a network needs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST
from nnlab.demos.pieces import Claim, Picture, Piece, Table
from nnlab.network import ACTIVATIONS, OUTPUTS, Network, initialise, number_of_parameters
from nnlab.training import SGD, BatchSource, load_splits, targets_of, train_epoch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source, Split
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
SEEN = 50_000  # images in a training, which are ten epochs of 5,000; twice that where there are more
EMPTY = 500  # pictures of nothing, for the network that is slid over an image
ANGLES = (0, 15, 30, 45, 90)
RANGE = 45  # degrees, of the turned images to learn from


def demo(source: Source) -> Iterator[Piece]:
    """Show digits in another corner, digits turned, and digits mirrored."""
    training, others = load_splits(Experiment(**MNIST | {"eta": ETA, "epochs": 1}), source)
    yield (
        "A network takes a digit for the same wherever it lies and however it is turned only if something "
        "tells it to: its data, or its structure. Layers in which each neuron sees every pixel assume "
        f"nothing of the kind. All networks here have {HIDDEN} hidden sigmoid neurons and learn from "
        f"{len(training.labels):,} images of MNIST; errors are on {len(others.labels):,} others."
    )
    yield from another_corner(training, others)
    yield from turned_digits(training, others)
    yield from mirrored_digits(training, others)


def learn(
    inputs: Array, targets: Array, seen: int = SEEN, *, softmax: bool = True, rng: np.random.Generator
) -> Network:
    """Return a network trained on `inputs`, (examples, features), and `targets`, (outputs, examples)."""
    architecture = (inputs.shape[1], HIDDEN, len(targets))
    output = OUTPUTS["softmax", "log_likelihood"] if softmax else OUTPUTS["sigmoid", "cross_entropy"]
    parameters = np.zeros(number_of_parameters(architecture), np.float32)
    network = Network(architecture, ACTIVATIONS["sigmoid"], output, parameters)
    initialise(network, "auto", ["sigmoid", "softmax" if softmax else "sigmoid"], rng=rng)
    order = np.concatenate([rng.permutation(len(inputs)) for _ in range(seen // len(inputs))])
    optimiser, source = SGD(), BatchSource(inputs, targets, BATCH)
    train_epoch(network, optimiser, optimiser.start(parameters), source, order, eta=ETA)
    return network


def error(z: Array, labels: Array) -> float:
    """Return the share of `labels` that the pre-activations `z`, (10, examples), miss."""
    return float((z.argmax(axis=0) != labels).mean())


def shrunk(inputs: Array) -> Array:
    """Return the images at half their size, (examples, 14, 14)."""
    small: Array = inputs.reshape(-1, HALF, 2, HALF, 2).mean(axis=(2, 4))
    return small


def placed(small: Array, corner: str) -> Array:
    """Return images, (examples, 784), with the `small` ones, (examples, 14, 14), in that corner."""
    row, column = CORNERS[corner]
    images = np.zeros((len(small), SIDE, SIDE), small.dtype)
    images[:, row : row + HALF, column : column + HALF] = small
    return images.reshape(len(small), -1)


def centred(inputs: Array) -> Array:
    """Return the images moved, by whole pixels, to where their centre of mass is in the middle."""
    images = inputs.reshape(-1, SIDE, SIDE)
    # In float64 these sums are exact: an image and a moved one are centred alike.
    pixels, ink = np.arange(SIDE), images.sum(axis=(1, 2), dtype=np.float64)
    middle = (SIDE - 1) / 2
    down, right = (
        np.rint(middle - images.sum(axis=axis, dtype=np.float64) @ pixels / ink).astype(int)
        for axis in (2, 1)
    )
    moved = [np.roll(each, shift, axis=(0, 1)) for each, *shift in zip(images, down, right, strict=True)]
    return np.stack(moved).reshape(inputs.shape)


def slid(network: Network, inputs: Array) -> Array:
    """Return z of a network of 14 × 14 pixels, (10, examples): the largest of the corners of `inputs`."""
    images = inputs.reshape(-1, SIDE, SIDE)
    windows = [images[:, row : row + HALF, column : column + HALF] for row, column in CORNERS.values()]
    z = [network.pre_activations(window.reshape(len(images), -1)) for window in windows]
    largest: Array = np.max(z, axis=0)
    return largest


def another_corner(training: Split, others: Split) -> Iterator[Piece]:
    """Train on digits in the upper left; look for them in the other corners."""
    rng = np.random.default_rng(0)
    small, small_others = shrunk(training.inputs), shrunk(others.inputs)
    targets = targets_of(training.labels, 10, "float32")
    here = placed(small, "upper left")
    one_corner = learn(here, targets, rng=rng)
    everywhere = np.concatenate([placed(small, corner) for corner in CORNERS])
    all_corners = learn(everywhere, np.tile(targets, 4), 2 * SEEN, rng=rng)
    moved = learn(centred(here), targets, rng=rng)
    # One output per digit, and none of them where there is nothing: so that the largest is that of the digit.
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
        "The cat in another corner. Digits of half the size lie in the upper left of an image; then "
        "others, in each corner, have to be recognised. Mended by data: every image in all four corners, "
        "four times as many examples. Mended by structure: one small network, of 14 × 14 pixels, slid over "
        "the four corners, the largest output wins (it has also learnt that nothing is no digit). Or by "
        "moving every image to where its centre of mass is in the middle. Errors:"
    )
    yield Table(
        {
            "digit in the": list(CORNERS),
            "learnt in the upper left": [f"{share:.1%}" for share in errors["one corner"]],
            "learnt in all four corners": [f"{share:.1%}" for share in errors["all corners"]],
            "small network, slid": [f"{share:.1%}" for share in errors["slid"]],
            "images centred": [f"{share:.1%}" for share in errors["centred"]],
        }
    )
    yield (
        "(The network that knows one corner fails in the same way in the three others: where it looks, there "
        "is nothing, and to nothing it nearly always gives the same answer.)"
    )
    yield (
        f"The small network has {len(small_network.parameters):,} parameters, the others have "
        f"{len(one_corner.parameters):,} each. Weights that are shared between places are what convolutional "
        "networks are made of."
    )
    first, *rest = errors["one corner"]
    yield Claim("where it has learnt, the network misses fewer than 12%", first < 0.12)
    yield Claim("in every other corner it misses more than 80%", min(rest) > 0.8)
    yield Claim("learnt in all corners, it misses fewer than 12% in each", max(errors["all corners"]) < 0.12)
    yield Claim(
        "slid over the corners, the small network makes the same errors in each",
        len(set(errors["slid"])) == 1,
        "by construction",
    )
    yield Claim(
        "so does the network whose images are centred", len(set(errors["centred"])) == 1, "by construction"
    )
    yield Claim(
        "and both, having learnt in one corner alone, miss fewer than 12%",
        max(errors["slid"] + errors["centred"]) < 0.12,
    )


def turned(inputs: Array, degrees: Array | float) -> Array:
    """Return the images turned about their middle, to the left, by `degrees`, each by its own or all by one.

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


def turned_digits(training: Split, others: Split) -> Iterator[Piece]:
    """Train on digits as they are, and on turned ones; recognise turned ones."""
    rng = np.random.default_rng(0)
    targets = targets_of(training.labels, 10, "float32")
    networks = {"as they are": learn(training.inputs, targets, rng=rng)}
    for name, most in (("turned by up to 45°", RANGE), ("turned by any angle", 180)):
        copies = [turned(training.inputs, rng.uniform(-most, most, len(training.labels))) for _ in range(4)]
        networks[name] = learn(np.concatenate(copies), np.tile(targets, 4), 2 * SEEN, rng=rng)
    errors: dict[str, list[float]] = {name: [] for name in networks}
    for angle in ANGLES:
        images = turned(others.inputs, angle)
        for name, network in networks.items():
            errors[name].append(error(network.pre_activations(images), others.labels))
    yield (
        "Digits turned: a network knows those that it has seen. The turned ones to learn from are four "
        "copies of each image, each turned by a random angle. Errors:"
    )
    example = others.inputs[:1]
    yield Picture(
        {
            f"a {others.labels[0]}": shrunk(example)[0],
            "turned by 45°": shrunk(turned(example, RANGE))[0],
        }
    )
    yield Table(
        {
            "turned by": [f"{angle}°" for angle in ANGLES],
            **{f"learnt {name}": [f"{share:.1%}" for share in shares] for name, shares in errors.items()},
        }
    )
    upright, some, every = errors.values()
    yield Claim("learnt as they are, more than half are missed when turned by 45°", upright[3] > 0.5)
    yield Claim(
        "learnt turned by up to 45°, fewer than a quarter are, and fewer than 15% as they are",
        some[3] < 0.25 and some[0] < 0.15,
    )
    yield Claim("it does not go beyond what was shown: more than half are missed at 90°", some[4] > 0.5)
    yield Claim(
        "any angle can be learnt, at a price (a 6 turned is a 9): at each, between 15% and 35% are missed",
        max(every) < 0.35 and min(every) > 0.15,
    )


def mirrored(inputs: Array) -> Array:
    """Return the images with left and right exchanged."""
    return np.ascontiguousarray(inputs.reshape(-1, SIDE, SIDE)[:, :, ::-1]).reshape(inputs.shape)


def mirrored_digits(training: Split, others: Split) -> Iterator[Piece]:
    """Recognise mirrored digits; and tell them from digits."""
    rng = np.random.default_rng(0)
    targets = targets_of(training.labels, 10, "float32")
    both = np.concatenate([training.inputs, mirrored(training.inputs)])
    networks = {
        "digits": learn(training.inputs, targets, rng=rng),
        "digits and their mirror images": learn(both, np.tile(targets, 2), 2 * SEEN, rng=rng),
    }
    tells = learn(
        both, np.repeat(np.eye(2, dtype=np.float32), len(training.labels), axis=1), 2 * SEEN, rng=rng
    )
    images = {"digits": others.inputs, "mirror images": mirrored(others.inputs)}
    errors = {
        shown: [error(network.pre_activations(inputs), others.labels) for network in networks.values()]
        for shown, inputs in images.items()
    }
    told = np.mean(
        [
            (tells.pre_activations(inputs).argmax(axis=0) == side).mean()
            for side, inputs in enumerate(images.values())
        ]
    )
    yield (
        "Digits mirrored. A face in a mirror is a face; a digit in a mirror is mostly a sign that nobody "
        "writes. The network of the digits misses most of them; one that learns both, with the same "
        "labels, misses few of either:"
    )
    yield Table(
        {
            "learnt from": list(networks),
            **{
                f"errors on {shown}": [f"{share:.1%}" for share in shares] for shown, shares in errors.items()
            },
        }
    )
    yield (
        "Yet the two are not the same: a network trained to tell digits from mirror images is right for "
        f"{told:.1%} of them. One that is built to give both the same answer, by a fold for example, could "
        "not do this. An invariance is an assumption about the task: for faces this one is good, for "
        "digits it is not."
    )
    yield Claim(
        "the network of the digits misses more than 40% of the mirror images",
        errors["mirror images"][0] > 0.4,
    )
    yield Claim(
        "the one that has learnt both misses fewer than 15% of either",
        max(shares[1] for shares in errors.values()) < 0.15,
    )
    yield Claim("a digit and a mirror image are told apart: more than 95% right", told > 0.95)
