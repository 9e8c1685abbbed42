"""The toys are the functions they say they are, drawn from the seed, with options that are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from nnlab.datasets import DATASETS, TOYS, load_test, load_training, number_of_examples
from nnlab.datasets.toys import (
    LineOptions,
    StepOptions,
    jumps,
    levels,
    step_function,
    symmetric_step_function,
)

if TYPE_CHECKING:
    from nnlab.datasets import Split


def drawn(name: str, seed: int = 0, **options: float) -> tuple[Split, Split]:
    return load_training(
        name,
        validation_size=0,
        train_size=None,
        rng=np.random.default_rng(seed),
        options=DATASETS[name].options(**options),
        dtype="float64",
    )


@pytest.mark.parametrize(("name", "examples"), [("xor", 4), ("neuron", 1), ("line", 100), ("step", 100)])
def test_a_toy_has_as_many_examples_as_it_says(name: str, examples: int) -> None:
    options = TOYS[name].options()
    assert number_of_examples(name, options) == examples
    training, validation = drawn(name)
    assert len(training.inputs) == len(training.labels) == examples
    assert validation is training
    assert training.inputs.shape[1] == TOYS[name].features


def test_xor_is_the_exclusive_or_and_is_tested_on_itself() -> None:
    test = load_test("xor")
    assert {(*map(int, x), int(y)) for x, y in zip(test.inputs, test.labels, strict=True)} == {
        (0, 0, 0),
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 0),
    }
    assert sorted(drawn("xor")[0].labels) == [0, 0, 1, 1]


def test_the_target_of_the_neuron_is_zero() -> None:
    training, _ = drawn("neuron")
    assert (training.inputs.tolist(), training.labels.tolist()) == ([[1.0]], [0])


def test_a_line_without_noise_is_a_line_and_noise_has_its_standard_deviation() -> None:
    exact, _ = drawn("line", noise=0, slope=3, intercept=0.5)
    np.testing.assert_allclose(exact.labels, 3 * exact.inputs + 0.5)
    assert np.abs(exact.inputs).max() <= 1
    noisy, _ = drawn("line", noise=0.5, examples=10_000)
    assert np.std(noisy.labels - (2 * noisy.inputs - 1)) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("steps", [1, 2, 5, 40])
def test_a_step_function_has_its_steps_and_as_many_different_levels(steps: int) -> None:
    x = np.linspace(0, 1, 100_001)
    y = step_function(x, steps)
    assert np.count_nonzero(np.diff(y)) == steps
    assert len(set(levels(steps))) == steps + 1
    assert np.abs(np.diff(levels(steps))).min() > 0.3
    assert step_function(jumps(steps), steps) == pytest.approx(levels(steps)[1:])


@pytest.mark.parametrize("steps", [1, 2, 5, 40])
def test_a_symmetric_step_function_mirrors_itself_and_has_twice_the_steps(steps: int) -> None:
    x = (np.arange(2**16) + 0.5) / 2**16  # 1 − x is exact
    y = symmetric_step_function(x, steps)
    np.testing.assert_array_equal(y, y[::-1])
    assert np.count_nonzero(np.diff(y)) == 2 * steps


@pytest.mark.parametrize("name", ["line", "step", "symmetric_step"])
def test_a_function_is_tested_without_noise_on_an_even_grid(name: str) -> None:
    options = TOYS[name].options.model_validate
    noisy, exact = (load_test(name, options=options({"noise": noise})) for noise in (9, 0))
    np.testing.assert_array_equal(noisy.labels, exact.labels)
    assert noisy.labels.shape == noisy.inputs.shape == (1000, 1)
    steps = np.diff(noisy.inputs[:, 0])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


def test_the_seed_draws_the_examples() -> None:
    np.testing.assert_array_equal(drawn("line", 1)[0].labels, drawn("line", 1)[0].labels)
    assert not np.array_equal(drawn("line", 1)[0].labels, drawn("line", 2)[0].labels)


def test_the_examples_held_out_are_not_trained_on() -> None:
    training, validation = load_training(
        "step",
        validation_size=20,
        train_size=None,
        rng=np.random.default_rng(0),
        options=StepOptions(examples=50),
    )
    assert (len(training.labels), len(validation.labels)) == (30, 20)
    assert len({*training.inputs[:, 0], *validation.inputs[:, 0]}) == 50


@pytest.mark.parametrize(
    "wrong", [{"noise": -1}, {"examples": 0}, {"examples": 1.5}, {"slope": float("nan")}, {"steps": 3}]
)
def test_options_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        LineOptions.model_validate(wrong)
