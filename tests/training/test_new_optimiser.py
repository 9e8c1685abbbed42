"""A new optimiser is one class and one entry in the table: here is one that nnlab does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.optimisation import OPTIMISERS, OptimiserInfo
from nnlab.runs import checkpoint
from nnlab.runs.run import Run, experiment_of
from tests.trainings import results_of, resume, summary_of, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.network import Array
    from nnlab.optimisation import OptimiserState, Part


@dataclass(frozen=True)
class AdaGrad:
    """W ← W − η ∇C / √(G + ε), G ← G + (∇C)², Duchi et al. 2011; and it notes the number of its steps."""

    epsilon: float = 1e-8

    def scale(self, _eta: float) -> float:
        return 1.0

    def start(self, parameters: Array) -> OptimiserState:
        return {"squares": np.zeros_like(parameters), "steps": np.zeros_like(parameters)}

    def step(self, part: Part, eta: float, number: int) -> None:
        parameters, steps, squares = part.parameters, part.state["steps"], part.state["squares"]
        assert (steps == number).all()
        steps += 1
        squares += part.gradient**2
        parameters -= eta * part.gradient / np.sqrt(squares + self.epsilon)


@pytest.fixture(autouse=True)
def _adagrad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMISERS, "sgd", OptimiserInfo(lambda *_: AdaGrad()))


def steps(run: Run) -> int:
    state, _ = checkpoint.load_state(run.last_npz, experiment_of(run))
    return int(state.optimiser["steps"][0])


def test_it_trains_is_kept_in_checkpoints_and_resumes_to_the_same_bits(tmp_path: Path) -> None:
    whole, cut = train(tmp_path, epochs=4), train(tmp_path, epochs=2)
    accuracy = summary_of(whole).val_accuracy
    assert accuracy
    assert accuracy > 0.75
    assert steps(cut) == 2 * 16
    with np.load(cut.last_npz) as arrays:
        assert {*arrays} == {"weights.0", "biases.0", "squares", "steps", "training_state"}
    assert results_of(resume(cut, epochs=4)) == results_of(whole)
