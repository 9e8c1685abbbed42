"""The names that other tools and textbooks use for the keys and values of a config."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# They come from scikit-learn, Keras, PyTorch, fastai and Nielsen's network2.py.
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
    "optimiser": ("optimizer", "optim", "solver"),
    "momentum_ramp": ("momentum_schedule", "momentum_warmup"),
    "schedule": ("learning_rate_schedule", "lr_schedule", "lr_scheduler", "scheduler", "eta_schedule"),
    "l1": ("lasso", "l1_penalty"),
    "max_norm": ("maxnorm", "kernel_constraint", "norm_bound"),
    "dropout": ("dropout_rate", "p_dropout", "drop"),
    "label_smoothing": ("smoothing",),
    "weight_average": ("ema", "ema_decay", "swa", "averaging", "moving_average", "average"),
    "inputs": ("normalize", "normalise", "standardize", "standardise", "rescale", "scaling"),
    "augmentation": ("augment", "transform", "transforms", "data_augmentation"),
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
    "leaky_relu": ("leakyrelu", "lrelu"),
    "softplus": ("smooth_relu",),
    "scaled_tanh": ("lecun_tanh",),
    "nesterov": ("nag", "nesterovs_momentum"),
    "adam": ("adamw",),
    "step": ("steplr", "multistep"),
    "exponential": ("exp", "exponentiallr"),
    "cosine": ("cosine_annealing", "cosineannealinglr", "onecycle"),
    "plateau": ("reduce_on_plateau", "reducelronplateau", "adaptive"),
    "standardised": ("standardized", "z_score", "zscore"),
    "beta1": ("beta_1", "betas"),
    "beta2": ("beta_2",),
    "epsilon": ("eps",),
    "warm_up": ("warmup", "warmup_epochs"),
    "rotate": ("rotation", "degrees"),
    "shift": ("translate", "translation"),
    "elastic": ("alpha",),
    "mirror": ("flip",),
    "full": ("all", "full_batch", "batch"),
    "null": ("none", "nil", "never", "off", "infinite"),
    # Columns of compare, baselines and datasets.
    "seconds": ("time", "duration", "elapsed"),
    "parameters": ("params", "n_params"),
    "nearest_neighbours": ("knn", "k_nn", "knearest", "kneighbors", "k_nearest_neighbours", "nn"),
    "svm_rbf": ("svm", "svc", "rbf", "support_vector_machine"),
    "linear": ("linear_regression", "least_squares", "ridge"),
    "mean_darkness": ("darkness", "average_darkness"),
    "fashion_mnist": ("fashion", "fmnist"),
    "kmnist": ("kuzushiji", "kuzushiji_mnist"),
    "val_accuracy": ("accuracy", "acc", "val_acc", "validation_accuracy"),
    "val_loss": ("validation_loss", "loss"),
    "neighbours": ("k", "n_neighbors", "n_neighbours", "neighbors"),
    "penalty": ("c",),
    "ridge": ("alpha", "lambda", "l2"),
    # Commands, splits and formats.
    "eval": ("evaluate", "test", "score"),
    "train": ("fit", "run", "learn"),
    "compare": ("list", "ls", "runs"),
    "validation": ("val", "valid", "dev"),
    "markdown": ("md",),
    "float32": ("float", "single", "f32"),
    "float64": ("double", "f64"),
}

# A key without a counterpart in nnlab needs an explanation instead of another name.
_ADAM = "write optimiser: adam, and optimiser_options: {beta1: 0.9, beta2: 0.999, epsilon: 1e-8}"
_NO_OPTIMISER = "there is no such optimiser; optimiser is sgd, nesterov or adam"
_SCHEDULE = (
    "write schedule: cosine, and schedule_options: {warm_up: 2}; `nnlab config schema` lists the others"
)
_AUGMENTATION = "it is part of augmentation, such as augmentation: {shift: 2, rotate: 10}"
_NO_NORMALISATION = "there are no normalisation layers; inputs scales the pixels"
_CPU = "nnlab computes on the CPU; `nnlab train --threads N` sets the number of threads"
_IN_MEMORY = "all examples are in memory, so nothing is loaded in parallel"
_QUIET_OR_VERBOSE = "it is an option of the command line: `nnlab train --quiet` or `--verbose`"
_RUN_FOLDER = "every run folder keeps metrics.csv, and the weights of the best and of the last epoch"
_RESUME = "`nnlab train --resume RUN` continues a run"
_VALIDATION_SIZE = "did you mean validation_size, a number of examples?"
_TEST_SET = "the test examples are those of the dataset, and only `nnlab eval` opens them"
_SWEEP = "`nnlab sweep FILE` tries the values that it lists"
NO_SUCH_KEY = {
    **dict.fromkeys(("sweep", "seeds", "combinations"), _SWEEP),
    **dict.fromkeys(("adam", "beta_1", "beta_2", "beta1", "beta2", "betas", "epsilon", "eps"), _ADAM),
    **dict.fromkeys(("amsgrad", "max_fun", "rho", "rmsprop", "adagrad"), _NO_OPTIMISER),
    **dict.fromkeys(("nesterov", "nesterovs_momentum"), "write optimiser: nesterov, with a momentum"),
    **dict.fromkeys(("power_t", "learning_rate_decay", "lr_decay", "decay", "warmup", "warm_up"), _SCHEDULE),
    **dict.fromkeys(("batch_norm", "batchnorm", "batch_normalization", "layer_norm"), _NO_NORMALISATION),
    **dict.fromkeys(("rotate", "rotation", "shear", "elastic", "flip", "mirror"), _AUGMENTATION),
    "l1_ratio": "l1 and l2 are penalties of their own",
    **dict.fromkeys(("clip", "clipnorm", "clip_grad", "gradient_clip_val"), "gradients are not clipped"),
    **dict.fromkeys(("device", "accelerator", "gpu", "gpus", "cuda", "devices"), _CPU),
    **dict.fromkeys(("n_jobs", "threads", "num_threads"), _CPU),
    **dict.fromkeys(("num_workers", "workers", "pin_memory", "prefetch"), _IN_MEMORY),
    **dict.fromkeys(("verbose", "verbosity", "quiet", "progress_bar"), _QUIET_OR_VERBOSE),
    **dict.fromkeys(("callbacks", "logger", "log_dir", "checkpoint", "save_best_only"), _RUN_FOLDER),
    **dict.fromkeys(("default_root_dir", "output_dir"), "`nnlab train --runs DIR` sets where runs go"),
    **dict.fromkeys(("warm_start", "resume", "initial_epoch"), _RESUME),
    **dict.fromkeys(("test_size", "test_split"), _TEST_SET),
    **dict.fromkeys(("validation_fraction", "validation_split", "val_split"), _VALIDATION_SIZE),
    "restore_best_weights": "best.npz holds the best weights; monitor: epoch makes the last ones the best",
    "shuffle": "the examples are shuffled every epoch, by seed",
    "use_bias": "every neuron has a bias",
    "bias": "every neuron has a bias",
    "class_weight": "all examples count the same",
    "drop_last": "the last batch of an epoch may be smaller than the others, and is used",
    "steps_per_epoch": "an epoch goes through all training examples once; train_size takes fewer",
    "num_classes": "the last number of architecture is the number of classes",
    "input_shape": "the first number of architecture is the number of inputs",
    "model": "a network is a multilayer perceptron, set by architecture, activation and output",
}


_LONGEST = 40  # letters; a longer word is not a name, and comparing it would be slow
_SHORTEST_PART = 3  # the number of letters of a name that are enough to recognise it


def no_such_key(word: str) -> str | None:
    """Return an explanation for a key of other tools that has no counterpart in nnlab, or None."""
    return NO_SUCH_KEY.get(_normalised(word))


def synonym(word: str, allowed: Iterable[str]) -> str | None:
    """Return the name in `allowed` that equals `word` or has it as a synonym, or None."""
    word = _normalised(word)
    return next((name for name in allowed if word == name or word in SYNONYMS.get(name, ())), None)


def did_you_mean(word: str, allowed: Collection[str]) -> str | None:
    """Return the name in `allowed` that `word` is a synonym, a misspelling or a part of, or None."""
    word = _normalised(word)
    if len(word) > _LONGEST:
        return None
    names = {name: name for name in allowed}
    for name in allowed:
        names = dict.fromkeys(SYNONYMS.get(name, ()), name) | names
    if close := get_close_matches(word, names, n=1, cutoff=0.7):
        return names[close[0]]
    # `slow` stands for slow-learning if no other name contains it.
    containing = [name for name in allowed if word in _normalised(name)]
    return containing[0] if len(containing) == 1 and len(word) >= _SHORTEST_PART else None


def hint_for(word: str, allowed: Collection[str]) -> str:
    """Return a hint for `word`, which is none of `allowed`: the name that is meant, or all names."""
    meant = did_you_mean(word, allowed)
    return f"did you mean {meant}?" if meant else f"there are {', '.join(allowed)}"


def _normalised(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
