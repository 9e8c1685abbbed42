"""What other tools and textbooks call the keys and values of a config."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# scikit-learn, Keras, PyTorch, fastai, Nielsen's network2.py.
SYNONYMS = {
    "eta": ("learning_rate", "lr", "learning_rate_init", "step_size", "η"),
    "architecture": (
        "hidden_layer_sizes",
        "hidden_layers",
        "hidden",
        "sizes",
        "layers",
        "layer_sizes",
        "widths",
    ),
    "activation": ("activation_function", "hidden_activation", "nonlinearity"),
    "output": ("output_activation", "out_activation", "final_activation"),
    "loss": ("cost", "cost_function", "criterion", "loss_function", "objective"),
    "batch_size": ("mini_batch_size", "minibatch_size", "batch", "bs"),
    "epochs": ("max_iter", "n_epochs", "num_epochs", "max_epochs", "n_iter", "epoch"),
    "patience": ("early_stop", "early_stopping", "early_stopping_n", "n_iter_no_change"),
    "seed": ("random_state", "random_seed", "rng"),
    "monitor": ("metric", "metrics", "scoring"),
    "min_delta": ("tol", "tolerance", "threshold"),
    "validation_size": ("validation_fraction", "validation_split", "val_size", "val_split"),
    "train_size": ("training_size", "n_train", "subset"),
    "initialisation": ("init", "initialization", "initializer", "kernel_initializer", "weight_init"),
    "l2": ("alpha", "weight_decay", "lmbda", "lambda", "regularization", "regularisation", "λ"),
    "dtype": ("precision",),
    "dataset": ("data", "data_set"),
    "description": ("comment", "notes", "note"),
    "name": ("title", "experiment", "run_name"),
    "log_likelihood": ("categorical_crossentropy", "sparse_categorical_crossentropy", "nll", "log_loss"),
    "cross_entropy": ("crossentropy", "ce", "binary_crossentropy", "bce"),
    "quadratic": ("mse", "mean_squared_error", "squared_error", "squared", "l2_loss"),
    "sigmoid": ("logistic", "expit"),
    "identity": ("linear", "none"),
    "relu": ("rectifier", "rectified_linear", "ramp"),
    "tanh": ("hyperbolic_tangent",),
    "glorot": ("xavier", "glorot_normal", "glorot_uniform", "xavier_normal", "xavier_uniform"),
    "he": ("kaiming", "he_normal", "he_uniform", "kaiming_normal", "kaiming_uniform"),
    "lecun": ("lecun_normal", "lecun_uniform"),
    "standard_normal": ("normal", "gaussian", "random"),
    "full": ("all", "full_batch", "batch"),
    "val_accuracy": ("accuracy", "acc", "val_acc", "validation_accuracy"),
    "val_loss": ("validation_loss", "loss"),
    "float32": ("float", "single", "f32"),
    "float64": ("double", "f64"),
}

# A key that nnlab has nothing for needs a sentence, not a name.
NO_SUCH_KEY = {
    "optimizer": "training is stochastic gradient descent, set by eta, batch_size and momentum",
    "solver": "training is stochastic gradient descent, set by eta, batch_size and momentum",
    "shuffle": "the examples are shuffled every epoch, by seed",
}


# What is longer than any name is not worth the time of comparing.
_LONGEST = 40


def did_you_mean(word: str, allowed: Collection[str]) -> str | None:
    """Return the one of `allowed` that `word` is another name for, or else a misspelling of."""
    word = word.strip().lower().replace("-", "_").replace(" ", "_")
    if len(word) > _LONGEST:
        return None
    names = {name: name for name in allowed}
    for name in allowed:
        names = dict.fromkeys(SYNONYMS.get(name, ()), name) | names
    close = get_close_matches(word, names, n=1, cutoff=0.7)
    return names[close[0]] if close else None
