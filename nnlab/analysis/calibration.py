"""Calibration: whether a network is right as often as its outputs promise (Guo and others 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.analysis.answers import answers_of
from nnlab.errors import UsageError
from nnlab.network.outputs import softmax
from nnlab.rendering.formatters import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnlab.analysis.answers import Answers
    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.runs.run import Run

BINS = 15
_HALVINGS = 60  # of the interval for the temperature: more than float64 can tell apart
_COLDEST, _HOTTEST = 0.01, 100.0


@dataclass(frozen=True)
class Bin:
    """The examples whose confidence is above `low` and at most `high`."""

    low: float
    high: float
    examples: int
    confidence: float  # its mean
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """The non-empty bins, the expected calibration error, and the error with outputs at a `temperature`.

    The temperature is fitted on validation examples; None if there is none to fit.
    """

    bins: tuple[Bin, ...]
    error: float
    temperature: float | None
    error_at_temperature: float | None

    def summary(self) -> str:
        """Return the expected calibration error in words, and what it is at the fitted temperature."""
        error = f"Expected calibration error {percent(self.error)}"
        if self.temperature is None or self.error_at_temperature is None:
            return error
        return f"{error}; {percent(self.error_at_temperature)} at the temperature {self.temperature:.2f}"


def calibration_of(answers: Answers, validation: Answers | None) -> Calibration:
    """Return the calibration of `answers`, and what a temperature fitted on `validation` makes of it.

    Only the softmax has a temperature. Raises `UsageError` for outputs that are no probabilities.
    """
    if not answers.are_probabilities:
        raise UsageError(
            f"{answers.activation} outputs are no probabilities, so they cannot be calibrated; "
            "train with output=softmax or sigmoid"
        )
    bins = reliability(answers.confidence, answers.is_right)
    error = expected_calibration_error(bins)
    if validation is None or answers.activation != "softmax":
        return Calibration(bins, error, None, None)
    temperature = fitted_temperature(validation.z, validation.examples.labels)
    if not 1.01 * _COLDEST < temperature < _HOTTEST / 1.01:
        return Calibration(bins, error, None, None)  # the network is no better than a guess, or never wrong
    confidence = softmax(answers.z.T / temperature).T.astype(np.float64)[
        np.arange(len(answers.z)), answers.predicted
    ]
    cooled = expected_calibration_error(reliability(confidence, answers.is_right))
    return Calibration(bins, error, temperature, cooled)


def calibration_of_run(run: Run, experiment: Experiment, answers: Answers, source: Source) -> Calibration:
    """Return the calibration of the `answers` of `run`, with a temperature if it has validation examples.

    Raises `RunError`, `DatasetError`, and `UsageError` for outputs that are no probabilities.
    """
    has_validation = experiment.validation_size > 0
    validation = answers_of(run, experiment, source, split="validation") if has_validation else None
    return calibration_of(answers, validation)


def reliability(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Return the non-empty bins of `confidence`, (examples,), which are equally wide."""
    numbers = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return tuple(
        Bin(
            low=number / BINS,
            high=(number + 1) / BINS,
            examples=int(chosen.sum()),
            confidence=float(confidence[chosen].mean()),
            accuracy=float(is_right[chosen].mean()),
        )
        for number in range(BINS)
        if (chosen := numbers == number).any()
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return Σ n_b/n |accuracy_b − confidence_b| over the bins (Naeini and others 2015)."""
    examples = sum(each.examples for each in bins)
    return sum(each.examples * abs(each.accuracy - each.confidence) for each in bins) / max(examples, 1)


def fitted_temperature(z: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Return the T for which softmax(z/T) has the least log-likelihood loss; z has shape (examples, classes).

    The loss is convex in 1/T, so its slope Σ (E[z] − z_y) has one change of sign, which is found by halving.
    T is limited to 0.01 … 100.
    """
    of_labels = z[np.arange(len(z)), labels]
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        slope = float(((softmax(z.T * middle).T * z).sum(axis=1) - of_labels).sum())
        low, high = (low, middle) if slope > 0 else (middle, high)
    return 1 / math.sqrt(low * high)
