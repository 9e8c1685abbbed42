"""What a network answers to the examples of a split, and which answers are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.analysis.evaluation import confusion_of, examples_of, network_of
from nnlab.datasets import DATASETS, MNIST_FAMILY, Split
from nnlab.errors import UsageError
from nnlab.network import one_by_one
from nnlab.training import available_threads, computing_with, pre_activations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.network import Network, Share
    from nnlab.runs.evaluations import CheckpointName, SplitName
    from nnlab.runs.run import Run


@dataclass(frozen=True)
class Answers:
    """The answers of a network to examples: its `outputs`, one column per class, and the largest one."""

    examples: Split
    z: NDArray[np.float64]  # pre-activations of the output layer, (examples, outputs)
    outputs: NDArray[np.float64]  # (examples, classes)
    predicted: NDArray[np.intp]  # (examples,)
    activation: str  # of the output layer

    @property
    def are_probabilities(self) -> bool:
        """Whether the outputs are probabilities."""
        return are_probabilities(self.activation)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """The output of the predicted class, (examples,)."""
        found: NDArray[np.float64] = self.outputs[np.arange(len(self.predicted)), self.predicted]
        return found

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether each answer is right, (examples,)."""
        return np.asarray(self.predicted == self.examples.labels)

    def mistakes(self) -> NDArray[np.intp]:
        """Return the examples with wrong answers, by falling confidence."""
        wrong = np.flatnonzero(~self.is_right)
        return np.asarray(wrong[np.argsort(-self.confidence[wrong], kind="stable")])

    def inputs_of(self, index: int) -> NDArray[np.floating[Any]]:
        """Return the inputs of an example, (features,)."""
        return self.examples.take(slice(index, index + 1)).ravel()

    def caption(self, index: int, classes: Sequence[str]) -> str:
        """Return the label, the answer and its confidence, such as 4 → 9, 99.8%."""
        label, predicted = classes[self.examples.labels[index]], classes[self.predicted[index]]
        return f"{label} → {predicted}, {self.shown(index)}"

    def shown(self, index: int) -> str:
        """Return the confidence of an answer as text: a percentage if it is a probability."""
        confidence = self.confidence[index]
        return f"{confidence:.1%}" if self.are_probabilities else f"{confidence:.2f}"

    def confusion(self) -> NDArray[np.intp]:
        """Return the counts of answers, one row per true class, one column per predicted class."""
        return confusion_of(self.examples.labels, self.predicted, self.outputs.shape[1])


def answers_of(
    run: Run,
    experiment: Experiment,
    source: Source,
    *,
    split: SplitName = "test",
    checkpoint: CheckpointName = "best",
) -> Answers:
    """Return what the weights of `run`, a run of `experiment`, answer to the examples of a split.

    Raises `RunError`, `DatasetError`, and `UsageError` for a regression.
    """
    if not DATASETS[experiment.dataset].classes:
        raise UsageError(f"{run} is a regression; it has no classes, so no answer is right or wrong")
    network = network_of(run, experiment, checkpoint)
    examples = examples_of(experiment, split, source)
    with computing_with(available_threads()) as team, np.errstate(over="ignore", invalid="ignore"):
        return answer(network, examples, experiment.output, team.share)


def answer(network: Network, examples: Split, activation: str, share: Share = one_by_one) -> Answers:
    """Return what `network` answers. A single output is that of class 1."""
    z = pre_activations(network, examples, share)
    outputs: NDArray[np.float64] = network.output.activate(z.astype(np.float64)).T.astype(np.float64)
    if outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    return Answers(examples, z.T.astype(np.float64), outputs, network.classes(z), activation)


def are_probabilities(activation: str) -> bool:
    """Return whether the outputs of an activation are probabilities."""
    return activation in ("softmax", "sigmoid")


def has_images(experiment: Experiment) -> bool:
    """Return whether the inputs are images: of MNIST or one of its relatives, not of a toy."""
    return experiment.dataset in MNIST_FAMILY


def image_shape(experiment: Experiment) -> tuple[int, int]:
    """Return the shape of the images of a dataset. Raises `UsageError` if it has none."""
    if not has_images(experiment):
        raise UsageError(f"{experiment.dataset} has no images; this needs MNIST or one of its relatives")
    return MNIST_FAMILY[experiment.dataset].shape
