"""scikit-learn's MLPClassifier: each call of partial_fit is one epoch of plain SGD."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

PACKAGES = ("scikit-learn", "scipy", "numpy")

ACTIVATIONS = {"sigmoid": "logistic", "relu": "relu"}


def prepare(workload, inputs, labels, parameters, threads):
    """See `contestants`.

    Ten binary labels give it sigmoid outputs with cross-entropy, ten classes softmax with log-likelihood.
    The quadratic cost it has not; there it computes the latter, which costs as much, and has no weights to
    compare.
    """
    threadpool_limits(threads, user_api="blas")
    classes = workload.architecture[-1]
    y = np.eye(classes, dtype=int)[labels] if workload.loss == "cross_entropy" else labels
    model = MLPClassifier(
        hidden_layer_sizes=workload.architecture[1:-1],
        activation=ACTIVATIONS[workload.activation],
        solver="sgd",
        alpha=0,
        batch_size=workload.batch_size,
        learning_rate_init=0.1 if workload.loss == "quadratic" else workload.eta,
        momentum=0,
        nesterovs_momentum=False,
        shuffle=False,
    )
    model.partial_fit(inputs[: workload.batch_size], y[: workload.batch_size], classes=np.arange(classes))
    model.coefs_ = [weights.T.copy() for weights in parameters[::2]]
    model.intercepts_ = [biases.copy() for biases in parameters[1::2]]

    def epoch(seed):
        if seed == 0:  # the epoch that is compared, in the order of the others; later ones it shuffles itself
            order = np.random.default_rng(seed).permutation(len(inputs))
            model.partial_fit(inputs[order], y[order])
            model.set_params(shuffle=True)
        else:
            model.partial_fit(inputs, y)

    def weights():
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return [array for weights, biases in pairs for array in (weights.T, biases)]

    return epoch, (lambda: None) if workload.loss == "quadratic" else weights
