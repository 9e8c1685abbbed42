"""What each method adds to an epoch: 784-800-10, batches of 100, with and without it, in turns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from nnlab.config import Experiment
from nnlab.datasets import Source
from nnlab.training import computing_with, load_to_train, number_of_threads, start, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nnlab.training import Epoch

PLAIN = "plain"
KEYS: dict[str, object] = {
    "name": "methods",
    "dataset": "mnist",
    "architecture": (784, 800, 10),
    "activation": "relu",
    "output": "softmax",
    "loss": "log_likelihood",
    "eta": 0.05,
    "batch_size": 100,
    "epochs": 1_000_000,
    "patience": None,
    "seed": 0,
}


@dataclass(frozen=True)
class Method:
    """The keys that a method adds, and the ratio to the plain epoch to stay under."""

    keys: dict[str, object] = field(default_factory=dict)
    target: float | None = None


METHODS = {
    PLAIN: Method(),
    "dropout": Method({"dropout": (0.2, 0.5)}, 1.25),
    "adam": Method({"optimiser": "adam", "eta": 0.001}, 1.35),
    "nesterov": Method({"optimiser": "nesterov", "momentum": 0.9}),
    "weight average": Method({"weight_average": 0.999}),
    "max-norm": Method({"max_norm": 2.0}),
    "shifts": Method({"augmentation": {"shift": 2}}, 1.15),
    "affine": Method({"augmentation": {"rotate": 10.0, "scale": 0.1, "shear": 5.0}}),
    "elastic": Method({"augmentation": {"elastic": 34.0}}, 2.0),
}


def measure_methods(*, epochs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the seconds of `epochs` with each method, after one that does not count, and its threads."""
    with ExitStack() as stack:
        threads: dict[str, int] = {}
        trainings: dict[str, Iterator[Epoch]] = {}
        for name, method in METHODS.items():
            experiment = Experiment.model_validate(KEYS | method.keys)
            training, validation = load_to_train(experiment, Source(keeps=True))
            threads[name] = number_of_threads(experiment, len(training.labels))
            team = stack.enter_context(computing_with(threads[name]))
            trainings[name] = train(experiment, start(experiment), training, validation, share=team.share)
        seconds: dict[str, list[float]] = {name: [] for name in METHODS}
        for turn in range(epochs + 1):
            for name, generator in trainings.items():
                taken = next(generator).seconds
                if turn:
                    seconds[name].append(taken)
    for name, taken_by_all in seconds.items():
        say(f"  {name:20} {median(taken_by_all):6.3f} s")
    return {"threads": threads, "seconds": seconds}
