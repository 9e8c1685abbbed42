"""Many networks in JAX: `jax_many.py MNIST_FOLDER threads|processes|vmap NETWORKS EPOCHS EXAMPLES`.

An epoch is one compiled scan, `vmap` one of all networks at once. The images that do not fill a last batch
sit out the epoch.
"""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import many
import numpy as np

inputs, labels, test_inputs, test_labels = many.load()
answers = np.eye(10, dtype=np.float32)[labels]


def logits(layers, x):
    """Return what softmax is taken of."""
    (w1, b1), (w2, b2) = layers
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


def epoch(layers, x, y, batches):
    """Return the layers after an epoch."""

    def cost(layers, x, y):
        z = logits(layers, x)
        return (jax.nn.logsumexp(z, axis=1) - (y * z).sum(axis=1)).mean()

    def step(layers, batch):
        gradient = jax.grad(cost)(layers, x[batch], y[batch])
        return jax.tree.map(lambda p, g: p - many.ETA * g, layers, gradient), None

    return jax.lax.scan(step, layers, batches)[0]


def start(rng):
    """Return the layers of a new network."""
    return [(weights, np.zeros(weights.shape[1], np.float32)) for weights in many.start(rng)]


def batches(rng):
    """Return the batches of an epoch."""
    whole = len(inputs) // many.BATCH_SIZE * many.BATCH_SIZE
    return rng.permutation(len(inputs))[:whole].reshape(-1, many.BATCH_SIZE)


def report(seed, layers):
    """Print the accuracy of a network."""
    predicted = logits(jax.tree.map(np.asarray, layers), test_inputs).argmax(axis=1)
    print(seed, (np.asarray(predicted) == test_labels).mean(), flush=True)


def train_one_by_one(seeds):
    """Train the networks of `seeds`, one after another."""
    x, y = jnp.asarray(inputs), jnp.asarray(answers)
    compiled = jax.jit(epoch, donate_argnums=0)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        layers = jax.device_put(start(rng))
        for _ in range(many.EPOCHS):
            layers = compiled(layers, x, y, batches(rng))
        report(seed, layers)


def train_share(core, seeds):
    """Train the networks of `seeds` on one core."""
    os.sched_setaffinity(0, {core})  # the one way to hold XLA to one thread; it looks when it first computes
    train_one_by_one(seeds)


def train_at_once(seeds):
    """Train the networks of all `seeds` at once."""
    x, y = jnp.asarray(inputs), jnp.asarray(answers)
    compiled = jax.jit(jax.vmap(epoch, in_axes=(0, None, None, 0)), donate_argnums=0)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    layers = jax.device_put(jax.tree.map(lambda *arrays: np.stack(arrays), *(start(rng) for rng in rngs)))
    for _ in range(many.EPOCHS):
        layers = compiled(layers, x, y, np.stack([batches(rng) for rng in rngs]))
    for number, seed in enumerate(seeds):
        report(seed, jax.tree.map(lambda stacked: stacked[number], layers))  # noqa: B023 (called at once)


if many.setting == "processes":
    many.in_processes(train_share)
elif many.setting == "vmap":
    train_at_once(many.SEEDS)
else:
    train_one_by_one(many.SEEDS)
