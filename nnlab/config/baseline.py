"""The schema of a baseline: what `nnlab baseline` fits, to what, with which parameters."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from nnlab.config.experiment import Name
from nnlab.datasets import FamilyName, Options

BaselineName = Literal["nearest_neighbours", "svm_rbf", "linear", "mean_darkness"]


class Baseline(BaseModel):
    """A method other than a network; it learns from the examples that an experiment of the same keys has."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
    # What else an experiment would say about its examples.
    dataset_options: ClassVar[Options] = Options()
    dtype: ClassVar[Literal["float32"]] = "float32"

    name: Name
    baseline: BaselineName
    dataset: FamilyName = Field("mnist", description="what it learns from")
    seed: int = Field(0, ge=0, le=2**63 - 1, description="chooses the examples held out")
    validation_size: int = Field(10_000, ge=0, description="training examples held out to validate on")
    train_size: Annotated[int, Field(ge=1)] | None = Field(
        None, description="examples to learn from; null: all that are not held out"
    )
    description: str = Field("", max_length=2000, description="what it is for; a note to the reader")


class NearestNeighbours(Baseline):
    """The class that most of the nearest training examples have."""

    baseline: Literal["nearest_neighbours"] = "nearest_neighbours"
    neighbours: int = Field(3, ge=1, le=1000, description="how many have a vote")


class SvmRbf(Baseline):
    """A support vector machine with the kernel exp(−γ ‖u − v‖²), lecture (2) but for its scale."""

    baseline: Literal["svm_rbf"] = "svm_rbf"
    penalty: float = Field(5.0, gt=0, description="C, of examples on the wrong side of the margin")
    gamma: float = Field(0.02, gt=0, description="γ = 1 / (2σ²), of the kernel; pixels are in [0, 1]")


class Linear(Baseline):
    """The largest of a linear function a class, by least squares on targets 0 and 1."""

    baseline: Literal["linear"] = "linear"
    ridge: float = Field(1.0, ge=0, description="penalty on the squared weights")


class MeanDarkness(Baseline):
    """The class whose images are on average as dark as this one."""

    baseline: Literal["mean_darkness"] = "mean_darkness"


BASELINES: dict[BaselineName, type[Baseline]] = {
    "nearest_neighbours": NearestNeighbours,
    "svm_rbf": SvmRbf,
    "linear": Linear,
    "mean_darkness": MeanDarkness,
}
