"""Configs of toys: options, fixed starting weights, and the rules for a regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnlab.config import dump, load_experiment

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import FindMistakes

STEP = """\
dataset: step
dataset_options:
  steps: 3
  examples: 50
architecture: [1, 4, 1]
activation: tanh
output: identity
loss: quadratic
eta: 0.1
batch_size: 10
epochs: 2
patience: null
seed: 0
"""

# An override and what it is told.
WRONG = [
    line.split("  # ")
    for line in """\
dataset_options.steps=0  # dataset_options.steps: must be at least 1 (given 0)
dataset_options.step=1  # dataset_options.step: unknown option; did you mean steps?
dataset_options.slope=1  # dataset_options.slope: unknown option; step has examples, noise and steps
dataset_options.noise=[1]  # dataset_options.noise: must be a number (given [1])
dataset_options=null  # dataset_options: must be a mapping such as {steps: 4} (given null)
dataset=line  # dataset_options.steps: unknown option; line has examples, noise, slope and intercept
train_size=51  # train_size: must be at most 50, the examples that validation_size 0 leaves of step (given 51)
validation_size=50  # validation_size: must be less than 50, the training examples of step (given 50)
architecture=[1, 4, 2]  # architecture: must end with 1, the values of step (given [1, 4, 2])
monitor=val_accuracy  # monitor: must be val_loss or epoch: step has values, and there is no accuracy \
without classes (given 'val_accuracy')
output=softmax  # output: needs at least two outputs: a single one is always 1 (given 'softmax'); \
take sigmoid, or identity for values
start={weights: [[[1]]], biases: [[0]]}  # start.weights: must have the shapes of the architecture, \
4 × 1 and 1 × 4 (given [[[1.0]]]); a row per neuron
start={weights: [[[1], [1], [1], [1]], [[1, 2, 3, 4]]], biases: [[0], [0]]}  # start.biases: must have \
one value per neuron: 4 and 1 (given [[0.0], [0.0]])
start={weights: [[[1, a]]], biases: [[0]]}  # start.weights: item 1.1.2 must be a number (given 'a')
start={weights: 1, biases: 2, seed: 3}  # start.weights: must be a list (given 1)
start={weights: 1, biases: 2, seed: 3}  # start.seed: unknown key; start has weights and biases
start={weight: [[[1]]], biases: [[0]]}  # start.weight: unknown key; did you mean weights?
""".splitlines()
]


@pytest.fixture
def step(tmp_path: Path) -> Path:
    path = tmp_path / "step.yaml"
    path.write_text(STEP)
    return path


def test_options_have_defaults_and_single_ones_can_be_overridden(step: Path) -> None:
    experiment = load_experiment(step, ["dataset_options.noise=0.5"])
    assert experiment.dataset_options.model_dump() == {"examples": 50, "noise": 0.5, "steps": 3}
    experiment = load_experiment(step, ["dataset_options={examples: 40}"])
    assert experiment.dataset_options.model_dump() == {"examples": 40, "noise": 0.0, "steps": 4}


def test_a_dumped_toy_loads_as_itself(step: Path, tmp_path: Path) -> None:
    start = "start={weights: [[[1.0], [-2.5], [3], [4]], [[1, 2, 3, 4]]], biases: [[0, 0, 0, 1e-9], [1]]}"
    experiment = load_experiment(step, [start, "diagnostics=true"])
    (tmp_path / "again.yaml").write_text(dump(experiment))
    assert load_experiment(tmp_path / "again.yaml") == experiment
    assert {experiment: 1}[experiment] == 1


def test_a_toy_holds_out_no_examples_by_default(step: Path) -> None:
    assert load_experiment(step).validation_size == 0
    assert load_experiment(step, ["validation_size=10"]).validation_size == 10


@pytest.mark.parametrize(("override", "message"), WRONG)
def test_what_does_not_fit_is_said(step: Path, mistakes: FindMistakes, override: str, message: str) -> None:
    assert message in [line.partition(": ")[2] for line in mistakes(step, override)]


def test_a_mistake_within_a_mapping_is_said_on_its_line(step: Path, mistakes: FindMistakes) -> None:
    step.write_text(STEP.replace("steps: 3", "steps: 1e9").replace("examples", "exmples"))
    assert mistakes(step) == [
        "step.yaml:3: dataset_options.steps: must be a whole number (given 1000000000.0)",
        "step.yaml:4: dataset_options.exmples: unknown option; did you mean examples?",
    ]
    (line,) = mistakes(step, "dataset_options.steps=4")
    assert line.startswith("step.yaml:4: ")
    assert load_experiment(step, ["dataset_options={}"]).dataset_options.model_dump()["steps"] == 4


def test_values_have_the_quadratic_loss_alone(step: Path, mistakes: FindMistakes) -> None:
    (line,) = mistakes(step, "output=sigmoid", "loss=cross_entropy")
    assert "loss: must be quadratic: step has values, not classes (given" in line
