"""The schema of a baseline: the method that `nnlab baseline` fits, its examples and its parameters."""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from nnlab.config.keys import Description, Name, NameIn, Seed, TrainSize
from nnlab.datasets import MNIST_FAMILY, Options
from nnlab.options import STRICT

BaselineName = Literal["nearest_neighbours", "svm_rbf", "linear", "mean_darkness"]


class Baseline(BaseModel):
    """A method other than a network. It gets the same examples as an experiment with the same keys."""

    model_config = STRICT

    name: Name
    baseline: BaselineName
    dataset: Annotated[str, NameIn(lambda: MNIST_FAMILY)] = Field(
        "mnist", description="what the method learns from"
    )
    seed: Seed = Field(0, description="chooses the examples held out")
    validation_size: int = Field(10_000, ge=0, description="training examples held out to validate on")
    train_size: TrainSize = Field(None, description="examples to learn from; null: all that are not held out")
    description: Description = Field("", description="what the baseline is for; a note to the reader")

    @property
    def dataset_options(self) -> Options:
        """The options of its dataset: none."""
        return Options()

    @property
    def dtype(self) -> Literal["float32"]:
        """The precision of its inputs."""
        return "float32"


class NearestNeighbours(Baseline):
    """Predicts the class of the majority of the nearest training examples."""

    baseline: Literal["nearest_neighbours"] = "nearest_neighbours"
    neighbours: int = Field(3, ge=1, le=1000, description="number of neighbours that vote")


class SvmRbf(Baseline):
    """A support vector machine with the kernel exp(−γ ‖u − v‖²), which is lecture (2) up to a factor."""

    baseline: Literal["svm_rbf"] = "svm_rbf"
    penalty: float = Field(
        5.0, gt=0, description="C, the penalty for examples on the wrong side of the margin"
    )
    gamma: float = Field(0.02, gt=0, description="γ = 1 / (2σ²) of the kernel; pixels are in [0, 1]")


class Linear(Baseline):
    """Predicts the class with the largest linear function, fitted by least squares on targets 0 and 1."""

    baseline: Literal["linear"] = "linear"
    ridge: float = Field(1.0, ge=0, description="penalty on the squared weights")


class MeanDarkness(Baseline):
    """Predicts the class whose mean darkness is closest to that of the image."""

    baseline: Literal["mean_darkness"] = "mean_darkness"


BASELINES: dict[BaselineName, type[Baseline]] = {
    "nearest_neighbours": NearestNeighbours,
    "svm_rbf": SvmRbf,
    "linear": Linear,
    "mean_darkness": MeanDarkness,
}


def arguments(values: dict[str, object]) -> str:
    """Return the arguments with which `nnlab baseline` repeats the baseline of these config `values`."""
    method = values["baseline"]
    model = next((model for name, model in BASELINES.items() if name == method), None)
    if model is None:
        return "METHOD"
    named = [] if (name := values.get("name", method)) == method else ["--name", str(name)]
    return shlex.join(
        [str(method)]
        + [
            f"{key}={'null' if values[key] is None else values[key]}"
            for key, field in model.model_fields.items()
            if key not in ("name", "baseline") and key in values and values[key] != field.default
        ]
        + named
    )
