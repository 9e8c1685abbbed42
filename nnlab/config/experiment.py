"""The schema of an experiment: every key of a config file, its type, its range and its default."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nnlab.datasets import DATASETS, DatasetName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.config import JsonDict

ActivationName = Literal["identity", "step", "sigmoid", "tanh", "relu"]
OutputName = Literal["softmax", "sigmoid", "tanh", "identity", "step"]
LossName = Literal["quadratic", "cross_entropy", "log_likelihood"]
InitialisationName = Literal["auto", "he", "glorot", "lecun", "standard_normal"]

# In float32 that is 4 GB for the weights, and as much again for their gradient and for the velocity: more
# than the machine of a beginner holds, and an architecture above it a slip of the finger.
MAX_PARAMETERS = 10**9

# Why a pair of output and loss has no meaning, and what to take.
MEANINGLESS_PAIRS: dict[tuple[str, str], tuple[str, str]] = {
    ("softmax", "cross_entropy"): (
        "the cross-entropy of a softmax layer is called log_likelihood here",
        "take log_likelihood",
    ),
    ("sigmoid", "log_likelihood"): (
        "it looks at the labelled output alone, and nothing pushes independent sigmoid outputs down",
        "take cross_entropy, or output softmax",
    ),
    **{
        (output, loss): (
            f"{output} outputs are no probabilities and may be negative, where there is no logarithm",
            f"take quadratic, or output {remedy}",
        )
        for output in ("tanh", "identity")
        for loss, remedy in (("cross_entropy", "sigmoid"), ("log_likelihood", "softmax"))
    },
}

Width = Annotated[int, Field(strict=True, ge=1, le=100_000)]


def _offer(names: Iterable[str]) -> JsonDict:
    """Name in the JSON Schema the values that a validator lets pass: without step, which is refused below."""
    return {"enum": [name for name in names if name != "step"]}


class Experiment(BaseModel):
    """An experiment of nnlab: what is trained on what, how, and when it stops."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(
        "experiment",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$",
        max_length=100,
        description="name of the experiment and of its run folders; by default the file's name without .yaml",
    )
    dataset: DatasetName = Field(description="what the network learns from")
    architecture: Annotated[tuple[Width, ...], Field(strict=False, min_length=2, max_length=100)] = Field(
        description="widths d(0), …, d(L) of the layers, input to output, such as [784, 30, 10]"
    )
    activation: ActivationName = Field(
        description="activation function a(z) of the hidden layers",
        json_schema_extra=_offer(get_args(ActivationName)),
    )
    output: OutputName = Field(
        description="activation function of the output layer",
        json_schema_extra=_offer(get_args(OutputName)),
    )
    loss: LossName = Field(description="cost C of an example, a function of the output and the label")
    eta: float = Field(gt=0, description="learning rate η, the size of a step down the gradient")
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = Field(
        description="examples a step averages the gradient over; full: all of them, plain gradient descent"
    )
    epochs: int = Field(ge=1, description="passes over the training examples, at most")
    patience: Annotated[int, Field(ge=0)] | None = Field(
        description="stop after so many epochs in a row without improvement; null: never"
    )
    seed: int = Field(
        ge=0, le=2**63 - 1, description="start of all random numbers; the same seed repeats the experiment"
    )
    monitor: Literal["val_loss", "val_accuracy"] = Field(
        "val_loss", description="what has to improve on the validation examples"
    )
    min_delta: float = Field(0.0, ge=0, description="an improvement must be greater than this")
    start_from_epoch: int = Field(1, ge=1, description="epochs before this one neither stop nor count")
    validation_size: int = Field(
        10_000,
        ge=1,
        validate_default=True,
        description="examples of the training set held out to validate on",
    )
    train_size: Annotated[int, Field(ge=1)] | None = Field(
        None, validate_default=True, description="examples trained on; null: all that are not held out"
    )
    initialisation: InitialisationName = Field(
        "auto",
        description="spread of the random starting weights; auto: what suits the activation",
    )
    momentum: float = Field(
        0.0, ge=0, lt=1, description="momentum coefficient μ, the share of the last step that is kept"
    )
    l2: float = Field(0.0, ge=0, description="regularisation λ: the cost has λ/2 ‖W‖² added, biases left out")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of the arithmetic")
    # The limit keeps a written config within what the reader accepts, even with every character escaped.
    description: str = Field(
        "", max_length=2000, description="what the experiment is for; a note to the reader"
    )

    # Rules between keys belong to the last of their keys and look back at those before it: a validator of the
    # whole model would run only once every key by itself is right, and so report its mistakes a round late.

    @field_validator("architecture")
    @classmethod
    def _fits_dataset_and_memory(cls, architecture: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        wrong = []
        if dataset := info.data.get("dataset"):
            features, classes = DATASETS[dataset].features, len(DATASETS[dataset].classes)
            if architecture[0] != features:
                wrong.append(f"begin with {features}, the features of {dataset}")
            if architecture[-1] != classes:
                wrong.append(f"end with {classes}, the classes of {dataset}")
        parameters = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(architecture))
        if parameters > MAX_PARAMETERS:
            wrong.append(f"have at most {MAX_PARAMETERS:.0e} parameters, not {parameters:.1e}")
        if wrong:
            raise _rule(f"must {', and '.join(wrong)}", given=list(architecture))
        return architecture

    @field_validator("activation", "output")
    @classmethod
    def _has_a_slope(cls, name: str) -> str:
        if name == "step":
            what = "its derivative is zero almost everywhere, so gradient descent cannot train it"
            raise _rule(what, given=name, remedy="take sigmoid, its smooth version")
        return name

    @field_validator("loss")
    @classmethod
    def _has_a_meaning(cls, loss: str, info: ValidationInfo) -> str:
        output = info.data.get("output")
        if output and (reason := MEANINGLESS_PAIRS.get((output, loss))):
            why, remedy = reason
            raise _rule(f"does not fit output {output}: {why}", given=loss, remedy=remedy)
        return loss

    @field_validator("validation_size")
    @classmethod
    def _leaves_training_examples(cls, validation_size: int, info: ValidationInfo) -> int:
        dataset = info.data.get("dataset")
        if dataset and validation_size >= DATASETS[dataset].train_examples:
            examples = DATASETS[dataset].train_examples
            what = f"must be less than {examples}, the training examples of {dataset}"
            raise _rule(what, given=validation_size)
        return validation_size

    @field_validator("train_size")
    @classmethod
    def _fits_training_examples(cls, train_size: int | None, info: ValidationInfo) -> int | None:
        dataset, validation_size = info.data.get("dataset"), info.data.get("validation_size")
        if not dataset or not validation_size:
            return train_size
        left = DATASETS[dataset].train_examples - validation_size
        if train_size is not None and train_size > left:
            what = f"must be at most {left}, what validation_size {validation_size} leaves of {dataset}"
            raise _rule(what, given=train_size)
        batch_size, examples = info.data.get("batch_size"), train_size or left
        if isinstance(batch_size, int) and batch_size > examples:
            what = f"must be at most {examples}, the number of training examples"
            raise _rule(what, given=batch_size, remedy="full takes them all", key="batch_size")
        return train_size


def _rule(what: str, *, given: object, remedy: str = "", key: str | None = None) -> PydanticCustomError:
    """Return the error of a rule of this schema; `key` if not the one being validated is to blame."""
    return PydanticCustomError("rule", "{what}", {"what": what, "given": given, "remedy": remedy, "key": key})
