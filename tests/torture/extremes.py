"""Trains with extreme numbers: η from 1e-30 to 1e30, penalties and momenta, in both precisions.

Whatever the numbers, a training ends well or as diverged (exit code 3), without a warning or a figure
that is not finite, and its best weights are those of the best epoch and can be evaluated.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING

from nnlab.config import load_experiment
from nnlab.network import OUTPUTS
from nnlab.runs import checkpoint, metrics
from tests.torture.command import call

if TYPE_CHECKING:
    from pathlib import Path

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "scaled_tanh")

OPTIMISERS: list[dict[str, object]] = [
    {"momentum": 0.0},
    {"momentum": 0.9},
    {"momentum": 0.999999},
    {"momentum": 0.9, "momentum_ramp": "{start: 1e-9, epochs: 3}"},
    {"optimiser": "nesterov", "momentum": 1e-30},
    {"optimiser": "nesterov", "momentum": 0.999999},
    {"optimiser": "adam"},
    {"optimiser": "adam", "optimiser_options": "{beta1: 0, beta2: 0, epsilon: 1e-300}"},
    {"optimiser": "adam", "optimiser_options": "{beta1: 0.999999, beta2: 0.999999, epsilon: 1e300}"},
]
SCHEDULES: list[dict[str, object]] = [
    {"schedule": "constant"},
    {"schedule": "exponential"},
    {"schedule": "linear"},
    {"schedule": "step", "schedule_options": "{every: 1, factor: 1e-9}"},
    {"schedule": "plateau", "schedule_options": "{wait: 1, factor: 1e-30, least: 0}"},
    {"schedule": "cosine", "schedule_options": "{warm_up: 0.001, final: 0.999}"},
]


def torture(home: Path, *, seed: int, count: int) -> str:
    """Train `count` experiments."""
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        path = home / "extreme.yaml"
        path.write_text(extreme(rng))
        done = call("train", path, "-q", "--runs", home / "runs")
        try:
            assert done.code in (0, 3), done.err
            outcomes[judge(home / "runs" / f"extreme-{number + 1:03}")] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, experiment {number}: {error}\n{path.read_text()}") from error
    return f"{count} experiments: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}"


def extreme(rng: random.Random) -> str:
    """Return a config with extreme numbers."""
    output, loss = rng.choice(list(OUTPUTS))
    is_function = output == "identity" and rng.random() < 0.5
    hidden = [rng.randrange(1, 20) for _ in range(rng.randrange(4))]
    keys = {
        "dataset": "step" if is_function else "xor",
        "architecture": [1, *hidden, 1] if is_function else [2, *hidden, 2],
        "activation": rng.choice([rng.choice(ACTIVATIONS), rng.choices(ACTIVATIONS, k=len(hidden))]),
        "output": output,
        "loss": loss,
        "eta": 10 ** rng.uniform(-30, 30) if rng.random() < 0.5 else 10 ** rng.uniform(-3, 3),
        **rng.choice(OPTIMISERS),
        **rng.choice(SCHEDULES),
        "l1": rng.choice([0.0, 0.0, 1e-3, 1e20]),
        "l2": rng.choice([0.0, 0.0, 1e-3, 1e20]),
        "max_norm": rng.choice(["null", "null", 1e-30, 1.0, 1e30]),
        "dropout": rng.choice([0.0, 0.0, 0.01, 0.99]) if hidden else 0.0,
        "label_smoothing": 0.0 if is_function else rng.choice([0.0, 0.0, 0.1, 0.999]),
        "weight_average": rng.choice([0.0, 0.0, 0.5, 0.999999]),
        "initialisation": rng.choice(["auto", "standard_normal"]),
        "dtype": rng.choice(["float32", "float64"]),
        "monitor": "val_loss" if is_function else rng.choice(["val_loss", "val_accuracy"]),
        "batch_size": rng.choice([1, 3, "full"]),
        "epochs": rng.randrange(1, 30),
        "patience": rng.choice(["null", 0, 3]),
        "diagnostics": rng.choice(["true", "false"]),
        "seed": rng.randrange(1000),
    }
    if keys["schedule"] != "plateau" and rng.random() < 0.2:
        keys |= {"monitor": "epoch", "patience": "null"}
    return "".join(f"{key}: {value}\n" for key, value in keys.items())


def judge(run: Path) -> str:
    """Return the result of `run` in words. Raises `AssertionError` if it is invalid."""
    text = (run / "summary.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    summary = json.loads(text)
    experiment = load_experiment(run / "config.yaml")
    rows = metrics.read(run / "metrics.csv", epochs=1000)  # refuses what is not finite
    losses = [(getattr(row, experiment.monitor), row.epoch) for row in rows if row.val_loss is not None]
    sign = 1 if experiment.monitor == "val_loss" else -1
    best = min(((sign * value, epoch) for value, epoch in losses), default=(None, None))[1]
    assert summary["best_epoch"] == best, summary
    weights = checkpoint.load_network(run / "best.npz", experiment)
    assert checkpoint.weights_sha256(weights) == summary["weights_sha256"]
    evaluated = call("eval", run, "--split", "validation", "--json")
    assert evaluated.code == 0, evaluated.err
    if best is not None:
        figures = json.loads(evaluated.out)
        assert figures["loss"] == summary["val_loss"], (figures["loss"], summary["val_loss"])
    return f"{summary['stop_reason']}"
