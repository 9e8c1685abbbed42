"""configs/mnist_softmax.yaml in scikit-learn: `sklearn_train.py MNIST_FOLDER SEED GOAL OUT THREADS`."""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import numpy as np
from mnist import load
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

mnist, seed, goal, out, threads = sys.argv[1:]
threadpool_limits(int(threads))
inputs, labels, val_inputs, val_labels = load(Path(mnist), int(seed))

model = MLPClassifier(
    hidden_layer_sizes=(200,),
    solver="sgd",
    alpha=5e-5 * 64,  # it divides by the size of the batch
    batch_size=64,
    learning_rate_init=0.5,
    momentum=0,
    nesterovs_momentum=False,
    random_state=int(seed),
)
for epoch in range(1, 31):
    model.partial_fit(inputs, labels, classes=np.arange(10))
    accuracy = (model.predict(val_inputs) == val_labels).mean()
    print(epoch, model.loss_, accuracy, flush=True)
    joblib.dump(model, out)
    if accuracy >= float(goal):
        break
