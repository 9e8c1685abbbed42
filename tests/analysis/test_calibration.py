"""Calibration against hand-worked examples, and the temperature against SciPy's minimiser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.special
from scipy.optimize import minimize_scalar

from nnlab.analysis.answers import Answers, answer
from nnlab.analysis.calibration import (
    calibration_of,
    expected_calibration_error,
    fitted_temperature,
    reliability,
)
from nnlab.datasets import Split
from nnlab.errors import UsageError
from nnlab.network import OUTPUTS, Network


def shares_of(z: np.ndarray) -> np.ndarray:
    return np.asarray(scipy.special.softmax(z, axis=1))


def test_outputs_that_are_no_probabilities_are_refused() -> None:
    given = replace(answers(np.eye(3), [0, 1, 2]), activation="identity")
    with pytest.raises(UsageError, match="identity outputs are no probabilities"):
        calibration_of(given, None)


def test_outputs_of_sigmoid_have_no_temperature() -> None:
    given = replace(answers(np.eye(3), [0, 1, 2]), activation="sigmoid")
    assert calibration_of(given, given).temperature is None


def test_a_network_that_is_no_better_than_a_guess_has_no_temperature() -> None:
    rng = np.random.default_rng(2)
    z, labels = rng.normal(0, 1, (4000, 3)), rng.integers(0, 3, 4000).tolist()
    reversed_ = answers(-z, z.argmax(axis=1).tolist())
    assert calibration_of(answers(z, labels), reversed_).temperature is None


def test_reliability_worked_by_hand() -> None:
    """Of 15 bins, 0.5 lies in the eighth (7/15 to 8/15), and 0.95 and 1 in the last."""
    bins = reliability(np.array([0.5, 0.95, 1.0, 0.95]), np.array([True, True, False, True]))
    assert [(each.examples, each.accuracy) for each in bins] == [(1, 1.0), (3, pytest.approx(2 / 3))]
    assert bins[0].low == pytest.approx(7 / 15)
    assert bins[1].confidence == pytest.approx(2.9 / 3)
    assert expected_calibration_error(bins) == pytest.approx((0.5 + 3 * (2.9 / 3 - 2 / 3)) / 4)


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_the_temperature_has_the_least_loss(scale: float) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(0, 1, (500, 4))
    labels = np.array([rng.choice(4, p=row) for row in shares_of(z)])

    def loss(log_temperature: float) -> float:
        shares = shares_of(scale * z / np.exp(log_temperature))
        return float(-np.log(shares[np.arange(500), labels]).mean())

    best = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9})
    assert fitted_temperature(scale * z, labels) == pytest.approx(np.exp(best.x), rel=1e-4)
    assert fitted_temperature(scale * z, labels) == pytest.approx(scale, rel=0.3), "which made the labels"


def answers(z: np.ndarray, labels: list[int]) -> Answers:
    examples = Split(np.zeros((len(z), 1), np.float32), np.array(labels))
    return Answers(examples, z, shares_of(z), z.argmax(axis=1), "softmax")


def test_a_network_that_is_too_sure_is_cooled_by_a_temperature_above_1() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1, (2000, 5))
    labels = [int(rng.choice(5, p=row)) for row in shares_of(z)]
    found = calibration_of(answers(5 * z[:1000], labels[:1000]), answers(5 * z[1000:], labels[1000:]))
    assert found.temperature == pytest.approx(5, rel=0.3)
    assert found.error_at_temperature is not None
    assert found.error > 0.2
    assert found.error_at_temperature < 0.06
    assert "at the temperature" in found.summary()


def test_without_validation_examples_there_is_no_temperature() -> None:
    found = calibration_of(answers(np.eye(3), [0, 1, 2]), None)
    assert (found.temperature, found.error_at_temperature) == (None, None)
    assert "temperature" not in found.summary()


def test_one_output_is_the_probability_of_class_1() -> None:
    network = Network((1, 1), (), OUTPUTS["sigmoid", "cross_entropy"], np.array([1.0, 0.0]))
    found = answer(network, Split(np.array([[-2.0], [2.0]]), np.array([0, 0])), "sigmoid")
    assert found.predicted.tolist() == [0, 1]
    assert found.outputs.sum(axis=1) == pytest.approx([1, 1])
    assert found.confidence == pytest.approx([1 / (1 + np.exp(-2))] * 2)
    assert found.mistakes().tolist() == [1]
    assert found.confusion().tolist() == [[1, 1], [0, 0]]
