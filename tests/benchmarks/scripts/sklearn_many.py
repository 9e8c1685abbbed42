"""Many networks: `sklearn_many.py MNIST_FOLDER threads|processes NETWORKS EPOCHS EXAMPLES`."""

from __future__ import annotations

import many
import numpy as np
from joblib import Parallel, delayed, parallel_config
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits


def train(inputs, labels, seed, hidden, batch_size, eta, epochs):
    """Return the trained network of `seed`."""
    model = MLPClassifier(
        hidden_layer_sizes=(hidden,),
        solver="sgd",
        alpha=0,
        batch_size=batch_size,
        learning_rate_init=eta,
        momentum=0,
        nesterovs_momentum=False,
        random_state=seed,
    )
    for _ in range(epochs):
        model.partial_fit(inputs, labels, classes=np.arange(10))
    return model


inputs, labels, test_inputs, test_labels = many.load()
options = many.HIDDEN, many.BATCH_SIZE, many.ETA, many.EPOCHS
if many.setting == "processes":
    with parallel_config(backend="loky", n_jobs=len(many.CORES), inner_max_num_threads=1):
        models = Parallel()(delayed(train)(inputs, labels, seed, *options) for seed in many.SEEDS)
else:
    with threadpool_limits(len(many.CORES), user_api="blas"):
        models = [train(inputs, labels, seed, *options) for seed in many.SEEDS]
for seed, model in zip(many.SEEDS, models, strict=True):
    print(seed, (model.predict(test_inputs) == test_labels).mean(), flush=True)
