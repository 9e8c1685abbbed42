"""configs/mnist_softmax.yaml in JAX: `jax_train.py MNIST_FOLDER SEED GOAL OUT THREADS`.

The epoch is one compiled scan. The images that do not fill a last batch sit out the epoch, as is usual in
JAX, where a batch of another size would be compiled anew.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from mnist import load

mnist, seed, goal, out, threads = sys.argv[1:]
# XLA has no setting for this: it starts a thread for each core that it may use.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

ETA, L2, BATCH_SIZE = 0.5, 5e-5, 64


def cost(layers, x, y):
    """Return the mean log-likelihood cost, and the share that is classified right."""
    (w1, b1), (w2, b2) = layers
    z = jax.nn.relu(x @ w1 + b1) @ w2 + b2
    loss = (jax.nn.logsumexp(z, axis=1) - (y * z).sum(axis=1)).mean()
    return loss, (z.argmax(axis=1) == y.argmax(axis=1)).mean()


@jax.jit
def train(layers, x, y, batches):
    """Return the layers after an epoch, with its mean cost and accuracy."""

    def step(layers, batch):
        figures, gradient = jax.value_and_grad(cost, has_aux=True)(layers, x[batch], y[batch])
        layers = [
            (w - ETA * (dw + L2 * w), b - ETA * db) for (w, b), (dw, db) in zip(layers, gradient, strict=True)
        ]
        return layers, figures

    layers, (losses, accuracies) = jax.lax.scan(step, layers, batches)
    return layers, losses.mean(), accuracies.mean()


inputs, labels, val_inputs, val_labels = load(Path(mnist), int(seed))
one_hot = np.eye(10, dtype=np.float32)
x, y, val_x, val_y = map(jnp.asarray, (inputs, one_hot[labels], val_inputs, one_hot[val_labels]))
rng = np.random.default_rng(int(seed))
layers = [
    (jnp.asarray(rng.normal(0, deviation, shape), jnp.float32), jnp.zeros(shape[1], jnp.float32))
    for shape, deviation in (((784, 200), np.sqrt(2 / 784)), ((200, 10), np.sqrt(2 / 210)))
]
validate = jax.jit(cost)
whole = len(inputs) // BATCH_SIZE * BATCH_SIZE

for epoch in range(1, 31):
    batches = rng.permutation(len(inputs))[:whole].reshape(-1, BATCH_SIZE)
    layers, loss, right = train(layers, x, y, batches)
    val_loss, accuracy = validate(layers, val_x, val_y)
    print(epoch, loss, right, val_loss, accuracy, flush=True)
    np.savez(out, *jax.tree.leaves(layers))
    if accuracy >= float(goal):
        break
