"""JAX: the whole epoch compiled, one scan over its batches."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

PACKAGES = ("jax", "jaxlib")

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}


def prepare(workload, inputs, labels, parameters, threads):
    """See `contestants`; the threads are set by the worker, before JAX starts."""
    activate = ACTIVATIONS[workload.activation]
    x, y = jnp.asarray(inputs), jax.nn.one_hot(labels, workload.architecture[-1])

    def cost(layers, x, y):
        *hidden, (weights, biases) = layers
        for hidden_weights, hidden_biases in hidden:
            x = activate(x @ hidden_weights + hidden_biases)
        z = x @ weights + biases
        if workload.loss == "log_likelihood":
            return (jax.nn.logsumexp(z, axis=1) - (y * z).sum(axis=1)).mean()
        if workload.loss == "cross_entropy":
            return (jnp.logaddexp(0, z) - y * z).sum(axis=1).mean()
        return 0.5 * jnp.square(jax.nn.sigmoid(z) - y).sum(axis=1).mean()

    def step(layers, batch):
        gradient = jax.grad(cost)(layers, x[batch], y[batch])
        return jax.tree.map(lambda p, g: p - workload.eta * g, layers, gradient), None

    @partial(jax.jit, donate_argnums=0)
    def train(layers, batches, rest):
        layers, _ = jax.lax.scan(step, layers, batches)
        return step(layers, rest)[0] if len(rest) else layers

    # JAX's own layout, (fan_in, fan_out), is the faster one for it.
    state = [
        (jnp.array(weights.T), jnp.array(biases))
        for weights, biases in zip(parameters[::2], parameters[1::2], strict=True)
    ]

    def epoch(seed):
        nonlocal state
        order = np.random.default_rng(seed).permutation(len(x))
        whole = len(order) - len(order) % workload.batch_size
        state = train(state, order[:whole].reshape(-1, workload.batch_size), order[whole:])
        jax.block_until_ready(state)

    def weights():
        return [np.asarray(array) for weights, biases in state for array in (weights.T, biases)]

    return epoch, weights
