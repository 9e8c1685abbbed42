"""The schema of an experiment: every key of a config file, its type, its range and its default."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    Field,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nnlab.config.keys import STRICT, Description, Name, NameIn, Phrases, Seed, SubKeys, TrainSize
from nnlab.datasets import DATASETS, Options, number_of_examples
from nnlab.network import ACTIVATIONS, INITIALISERS, LOSS_OF_A_GUESS, OUTPUTS, number_of_parameters

# In float32 the weights take 4 GB, and their gradient and the velocity as much again. A larger architecture
# is most likely a typing mistake.
MAX_PARAMETERS = 10**9

# In a config that gives the starting weights: as many as a person writes and the YAML reader accepts.
MAX_GIVEN_PARAMETERS = 300

# Why a pair of output and loss makes no sense, and what to take instead.
MEANINGLESS_PAIRS: dict[tuple[str, str], tuple[str, str]] = {
    ("softmax", "cross_entropy"): (
        "the cross-entropy of a softmax layer is called log_likelihood here",
        "take log_likelihood",
    ),
    ("sigmoid", "log_likelihood"): (
        "it depends on the labelled output alone, so nothing pushes the other sigmoid outputs down",
        "take cross_entropy, or output softmax",
    ),
    **{
        (output, loss): (
            f"{output} outputs are not probabilities: they may be negative, and then have no logarithm",
            f"take quadratic, or output {remedy}",
        )
        for output in ("tanh", "identity")
        for loss, remedy in (("cross_entropy", "sigmoid"), ("log_likelihood", "softmax"))
    },
}

Width = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Vector = Annotated[tuple[float, ...], Field(strict=False)]
Matrix = Annotated[tuple[Vector, ...], Field(strict=False)]


def trainable_activations() -> list[str]:
    """Return the activations that hidden layers may have."""
    return [name for name, activation in ACTIVATIONS.items() if activation.derivative]


def untrainable_activations() -> list[str]:
    """Return the activations that cannot be trained, because gradient descent has no slope to follow."""
    return [name for name, activation in ACTIVATIONS.items() if not activation.derivative]


def output_names() -> list[str]:
    """Return the activations that the output layer may have."""
    return list(dict.fromkeys(output for output, _ in OUTPUTS))


def _schema_of_options() -> dict[str, Any]:
    """Return one JSON Schema for the options of all datasets."""
    options: dict[str, Any] = {}
    defaults: dict[str, dict[str, str]] = {}
    for name, dataset in DATASETS.items():
        for option, schema in dataset.options.model_json_schema()["properties"].items():
            default = schema.pop("default")
            text = f"{default:g}" if isinstance(default, float) else str(default)
            defaults.setdefault(option, {})[name] = text
            options[option] = schema
    for option, by_dataset in defaults.items():
        values = set(by_dataset.values())
        several = ", ".join(f"{default} for {name}" for name, default in by_dataset.items())
        options[option]["description"] += f"; default: {values.pop() if len(values) == 1 else several}"
    return {"type": "object", "properties": options, "additionalProperties": False}


def _or_null(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of `model` or null, inlined."""
    return {"anyOf": [model.model_json_schema(), {"type": "null"}]}


class Start(BaseModel):
    """The starting weights and biases, layer by layer."""

    model_config = STRICT

    weights: Annotated[tuple[Matrix, ...], Field(strict=False)] = Field(
        description="W of each layer, a row per neuron: [[[0.6]]] for one neuron with one input"
    )
    biases: Annotated[tuple[Vector, ...], Field(strict=False)] = Field(
        description="b of each layer: [[0.9]] for one neuron"
    )


class Experiment(BaseModel):
    """An experiment of nnlab: the network, its training examples, how it is trained and when it stops."""

    model_config = STRICT

    name: Name = Field(
        "experiment",
        description="name of the experiment and of its run folders, such as mnist_relu; "
        "by default the file's name without .yaml",
    )
    dataset: Annotated[str, NameIn(lambda: DATASETS)] = Field(
        description="what the network learns from: images of digits or of clothes, or a toy"
    )
    dataset_options: Annotated[
        SerializeAsAny[Options],
        WithJsonSchema(_schema_of_options()),
        SubKeys(lambda dataset: DATASETS[dataset].options, by="dataset", called="option"),
        Phrases(must="must be a mapping such as {steps: 4}"),
    ] = Field(
        Options(),
        validate_default=True,
        description="parameters of a toy dataset, such as {steps: 4, examples: 100}",
    )
    architecture: Annotated[
        tuple[Width, ...],
        Field(strict=False, min_length=2, max_length=100),
        Phrases(
            must_for={
                "tuple_type": "must be a list of widths such as [784, 30, 10]",
                "too_short": "must be a list of at least {min_length} widths, input and output",
                "too_long": "must be a list of at most {max_length} widths",
            },
            item="width",
        ),
    ] = Field(
        description="widths d(0), …, d(L) of the layers in neurons, input to output, such as [784, 30, 10]"
    )
    activation: Annotated[str, NameIn(trainable_activations, refused=untrainable_activations)] = Field(
        description="activation function a(z) of the hidden layers, typically relu"
    )
    output: Annotated[str, NameIn(output_names, refused=untrainable_activations)] = Field(
        description="activation function of the output layer, typically softmax for classes "
        "and identity for values"
    )
    loss: Annotated[str, NameIn(lambda: LOSS_OF_A_GUESS)] = Field(
        description="cost C of an example, a function of the output and the label; typically log_likelihood "
        "with softmax, cross_entropy with sigmoid, quadratic with identity"
    )
    eta: float = Field(
        gt=0,
        description="learning rate η, the size of a step down the gradient; above 0, typically 0.01 to 1",
    )
    batch_size: Annotated[
        Annotated[int, Field(ge=1)] | Literal["full"],
        Phrases(must="must be a whole number of at least 1, or full", words=("full",)),
    ] = Field(
        description="examples over which a step averages the gradient, typically 10 to 128; "
        "full: all of them, plain gradient descent"
    )
    epochs: int = Field(
        ge=1, description="maximum number of passes over the training examples; typically 10 to 100"
    )
    patience: Annotated[
        Annotated[int, Field(ge=0)] | None,
        Phrases(must="must be a whole number of at least 0, or null", words=("null",)),
    ] = Field(
        description="stop after this many epochs in a row without improvement, typically 3 to 10; null: never"
    )
    seed: Seed = Field(
        description="start of all random numbers, such as 0; the same seed repeats the experiment",
    )
    monitor: Literal["val_loss", "val_accuracy"] = Field(
        "val_loss",
        description="what has to improve on the validation examples: their mean loss, "
        "or the share of them that is classified right",
    )
    min_delta: float = Field(
        0.0,
        ge=0,
        description="an improvement must be greater than this, in the unit of what is monitored; "
        "typically 0 to 0.001",
    )
    start_from_epoch: int = Field(
        1,
        ge=1,
        description="epochs before this one, counted from 1, neither stop nor count; typically 1 to 10",
    )
    validation_size: int = Field(
        10_000,
        ge=0,
        validate_default=True,
        description="training examples held out to validate on, typically a tenth to a fifth of all; "
        "0 for toys unless given; "
        "0: the training examples are used for validation too",
    )
    train_size: TrainSize = Field(
        None,
        validate_default=True,
        description="examples trained on, such as 1000 for a quick trial; null: all that are not held out",
    )
    initialisation: Annotated[str, NameIn(lambda: ("auto", *INITIALISERS))] = Field(
        "auto",
        description="spread of the random starting weights; typically auto, which suits the activation",
    )
    start: Annotated[
        Start | None,
        WithJsonSchema(_or_null(Start)),
        SubKeys(lambda _: Start),
        Phrases(must="must be {weights: …, biases: …}, or null"),
    ] = Field(
        None,
        description="fixed starting weights and biases, such as {weights: [[[0.6]]], biases: [[0.9]]} "
        "for one neuron; null: random ones",
    )
    momentum: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="momentum coefficient μ, the share of the last step that is kept; below 1, "
        "typically 0 or 0.9",
    )
    l2: float = Field(
        0.0,
        ge=0,
        description="regularisation λ: adds λ/2 ‖W‖² to the cost, biases left out; "
        "typically 0, or 1e-5 to 1e-3",
    )
    dtype: Literal["float32", "float64"] = Field(
        "float32",
        validate_default=True,
        description="precision of the arithmetic, 32 or 64 bits per number; typically float32",
    )
    diagnostics: bool = Field(
        default=False,
        description="write diagnostics.csv: gradient, saturation and update of each layer, each epoch",
    )
    description: Description = Field(
        "",
        description="what the experiment is for; a note to the reader, of at most 2,000 characters",
    )

    @model_validator(mode="before")
    @classmethod
    def _as_many_are_held_out_as_suit_the_dataset(cls, values: Any) -> Any:  # noqa: ANN401 - not yet validated
        name = values.get("dataset") if isinstance(values, dict) else None
        dataset = DATASETS.get(name) if isinstance(name, str) else None
        return values if dataset is None else {"validation_size": dataset.validation_size} | values

    # A rule between keys is a validator of the last of them. A validator of the whole model would run only
    # when every key is valid by itself, so its mistakes would not be reported together with the others.

    @field_validator("dataset_options", mode="before")
    @classmethod
    def _are_of_the_dataset(cls, options: Any, info: ValidationInfo) -> Options:  # noqa: ANN401 - not yet validated
        dataset = info.data.get("dataset")
        if dataset is None:
            return Options()
        if isinstance(options, Options):
            options = options.model_dump()
        return DATASETS[dataset].options.model_validate(options)  # its errors name the option

    @field_validator("architecture")
    @classmethod
    def _fits_dataset_and_memory(cls, architecture: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        wrong = []
        if dataset := info.data.get("dataset"):
            known = DATASETS[dataset]
            if architecture[0] != known.features:
                wrong.append(f"begin with {known.features}, the features of {dataset}")
            if architecture[-1] not in known.outputs:
                what = "classes" if known.classes else "values"
                wrong.append(f"end with {' or '.join(map(str, known.outputs))}, the {what} of {dataset}")
        parameters = number_of_parameters(architecture)
        if parameters > MAX_PARAMETERS:
            wrong.append(f"have at most {MAX_PARAMETERS:.0e} parameters, not {parameters:.1e}")
        if wrong:
            raise _rule(f"must {', and '.join(wrong)}", given=list(architecture))
        return architecture

    @field_validator("activation", "output")
    @classmethod
    def _has_a_slope(cls, name: str) -> str:
        if name in untrainable_activations():
            what = "its derivative is zero almost everywhere, so gradient descent cannot train it"
            raise _rule(what, given=name, remedy="take sigmoid, its smooth version")
        return name

    @field_validator("output")
    @classmethod
    def _has_something_to_compare(cls, output: str, info: ValidationInfo) -> str:
        if output == "softmax" and info.data.get("architecture", (0,))[-1] == 1:
            what = "needs at least two outputs: a single one is always 1"
            raise _rule(what, given=output, remedy="take sigmoid, or identity for values")
        return output

    @field_validator("loss")
    @classmethod
    def _has_a_meaning(cls, loss: str, info: ValidationInfo) -> str:
        output, dataset = info.data.get("output"), info.data.get("dataset")
        if output and (reason := MEANINGLESS_PAIRS.get((output, loss))):
            why, remedy = reason
            raise _rule(f"does not fit output {output}: {why}", given=loss, remedy=remedy)
        if dataset and not DATASETS[dataset].classes and loss != "quadratic":
            what = f"must be quadratic: {dataset} has values, not classes"
            raise _rule(what, given=loss)
        return loss

    @field_validator("monitor")
    @classmethod
    def _is_measured(cls, monitor: str, info: ValidationInfo) -> str:
        dataset = info.data.get("dataset")
        if dataset and not DATASETS[dataset].classes and monitor == "val_accuracy":
            what = f"must be val_loss: {dataset} has values, and there is no accuracy without classes"
            raise _rule(what, given=monitor)
        return monitor

    @field_validator("validation_size")
    @classmethod
    def _leaves_training_examples(cls, validation_size: int, info: ValidationInfo) -> int:
        examples = _available(info)
        if examples is not None and validation_size >= examples:
            what = f"must be less than {examples}, the training examples of {info.data['dataset']}"
            raise _rule(what, given=validation_size)
        return validation_size

    @field_validator("train_size")
    @classmethod
    def _fits_training_examples(cls, train_size: int | None, info: ValidationInfo) -> int | None:
        available, validation_size = _available(info), info.data.get("validation_size")
        if available is None or validation_size is None:
            return train_size
        left = available - validation_size
        if train_size is not None and train_size > left:
            what = f"must be at most {left}, the examples that validation_size {validation_size} leaves of "
            raise _rule(what + info.data["dataset"], given=train_size)
        batch_size, examples = info.data.get("batch_size"), train_size or left
        if isinstance(batch_size, int) and batch_size > examples:
            what = f"must be at most {examples}, the number of training examples"
            raise _rule(what, given=batch_size, remedy="full takes them all", key="batch_size")
        return train_size

    @field_validator("start")
    @classmethod
    def _fits_the_architecture(cls, start: Start | None, info: ValidationInfo) -> Start | None:
        architecture = info.data.get("architecture")
        if start is None or architecture is None:
            return start
        if (parameters := number_of_parameters(architecture)) > MAX_GIVEN_PARAMETERS:
            most = MAX_GIVEN_PARAMETERS
            what = f"is only for networks of at most {most} parameters; this one has {parameters}"
            raise _rule(
                what, given=start.weights, key="start.weights", remedy="initialisation draws random weights"
            )
        shapes = [[len(row) for row in layer] for layer in start.weights]
        if shapes != [[fan_in] * fan_out for fan_in, fan_out in pairwise(architecture)]:
            wanted = " and ".join(f"{fan_out} × {fan_in}" for fan_in, fan_out in pairwise(architecture))
            what = f"must have the shapes of the architecture, {wanted}"
            raise _rule(what, given=start.weights, remedy="a row per neuron", key="start.weights")
        if [len(layer) for layer in start.biases] != list(architecture[1:]):
            what = f"must have one value per neuron: {' and '.join(map(str, architecture[1:]))}"
            raise _rule(what, given=start.biases, key="start.biases")
        return start

    @field_validator("dtype")
    @classmethod
    def _holds_the_start(cls, dtype: str, info: ValidationInfo) -> str:
        largest = float(np.finfo(dtype).max)
        if start := info.data.get("start"):
            given = {"weights": [row for layer in start.weights for row in layer], "biases": start.biases}
            for key, rows in given.items():
                if beyond := [value for row in rows for value in row if abs(value) > largest]:
                    what = f"must be between −{largest:.3g} and {largest:.3g}, the range of {dtype}"
                    raise _rule(what, given=beyond[0], key=f"start.{key}")
        return dtype


def _available(info: ValidationInfo) -> int | None:
    """Return the number of examples for training and validation; None if the keys before are invalid."""
    dataset, options = info.data.get("dataset"), info.data.get("dataset_options")
    return None if dataset is None or options is None else number_of_examples(dataset, options)


def _rule(what: str, *, given: object, remedy: str = "", key: str | None = None) -> PydanticCustomError:
    """Return the error of a rule of this schema, reported for `key`, by default the one being validated."""
    return PydanticCustomError("rule", "{what}", {"what": what, "given": given, "remedy": remedy, "key": key})
