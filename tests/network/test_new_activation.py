"""A new activation is one entry in `ACTIVATIONS`: a throw-away one is known everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.config import Experiment, json_schema, load_experiment, yaml12
from nnlab.datasets import Source
from nnlab.errors import ConfigError
from nnlab.network import ACTIVATIONS, Activation, Array, check_gradients
from nnlab.training import load_splits, start, targets_of, train

if TYPE_CHECKING:
    from pathlib import Path

LEAK = 0.125
CONFIG = {
    "dataset": "line",
    "architecture": [1, 8, 8, 1],
    "activation": "bent_relu",
    "output": "identity",
    "loss": "quadratic",
    "eta": 0.1,
    "batch_size": 10,
    "epochs": 20,
    "patience": None,
    "seed": 0,
}


def bent_relu(z: Array, out: Array | None = None) -> Array:
    return np.multiply(z, np.where(z > 0, 1, LEAK).astype(z.real.dtype), out=out)


def bent_relu_derivative(a: Array) -> Array:
    return np.where(a > 0, 1, LEAK).astype(a.dtype)


@pytest.fixture(autouse=True)
def _bent_relu(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Activation(bent_relu, bent_relu_derivative, "he", kinks=(0.0,))
    monkeypatch.setitem(ACTIVATIONS, "bent_relu", entry)


def experiment(**keys: object) -> Experiment:
    return Experiment.model_validate(CONFIG | keys)


def test_it_is_initialised_by_auto_as_its_entry_says() -> None:
    auto, he = (start(experiment(initialisation=name)).network.weights for name in ("auto", "he"))
    for hidden in range(2):
        np.testing.assert_array_equal(auto[hidden], he[hidden])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_trains_and_has_diagnostics(dtype: str) -> None:
    subject = experiment(dtype=dtype, diagnostics=True)
    training, validation = load_splits(subject, Source(offline=True))
    *_, last = train(subject, start(subject), training, validation)
    assert last.val_loss < 0.01
    assert [layer.saturated for layer in last.diagnostics] == [0, 0, 0]  # its slopes are 1 and 1/8


def test_it_passes_the_gradient_check_but_for_its_kink() -> None:
    subject = experiment(dtype="float64")
    training, _ = load_splits(subject, Source(offline=True))
    network = start(subject).network
    network.biases[0][0] = -network.weights[0][0] * training.inputs[0]
    checks = list(
        check_gradients(
            network,
            training.inputs[:10].T,
            targets_of(training.labels[:10], 1, "float64"),
            samples=100,
            tolerance=1e-6,
            rng=np.random.default_rng(0),
        )
    )
    assert [check.at_kinks for check in checks] == [1, 1, 0, 0, 0, 0]
    assert max(check.largest_error or 0 for check in checks) < 1e-11


def test_configs_messages_and_editors_know_it(tmp_path: Path) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text(yaml12.dump(CONFIG))
    assert load_experiment(path).activation == "bent_relu"
    with pytest.raises(ConfigError) as caught:
        load_experiment(path, ["activation=bent_rleu"])
    assert re.fullmatch(
        r"command line: activation: must be identity, sigmoid, .* or bent_relu "
        r"\(given 'bent_rleu'\); did you mean bent_relu\?",
        str(caught.value),
    )
    name, _ = json_schema()["properties"]["activation"]["anyOf"]
    assert "bent_relu" in name["enum"]
