"""The rules between the keys of an experiment.

A rule is a validator of the last of its keys. A validator of the whole model would run only when every key is
valid by itself, so its mistakes would not be reported together with the others.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from nnlab.config.options import OPTIONS_OF, models_of_options
from nnlab.datasets import DATASETS, MNIST_FAMILY, Options, number_of_examples
from nnlab.network import ACTIVATIONS, number_of_parameters
from nnlab.optimisation import OPTIMISERS, MomentumRamp, Schedule
from nnlab.rendering.formatters import counted

if TYPE_CHECKING:
    from nnlab.augmentation import Augmentation
    from nnlab.config.start import Start

T = TypeVar("T")

# In float32 the weights take 4 GB, and their gradient and each array of the optimiser as much again. A larger
# architecture is most likely a typing mistake.
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


def untrainable_activations() -> list[str]:
    """Return the activations that cannot be trained, because gradient descent has no slope to follow."""
    return [name for name, activation in ACTIVATIONS.items() if not activation.derivative]


class Rules(BaseModel):
    """The rules that `Experiment` inherits."""

    @model_validator(mode="before")
    @classmethod
    def _as_many_are_held_out_as_suit_the_dataset(cls, values: Any) -> Any:  # noqa: ANN401 - not yet validated
        name = values.get("dataset") if isinstance(values, dict) else None
        dataset = DATASETS.get(name) if isinstance(name, str) else None
        return values if dataset is None else {"validation_size": dataset.validation_size} | values

    @field_validator(*OPTIONS_OF, mode="before", check_fields=False)
    @classmethod
    def _are_of_what_they_belong_to(cls, options: Any, info: ValidationInfo) -> Options:  # noqa: ANN401 - not yet validated
        key = str(info.field_name)
        name = info.data.get(OPTIONS_OF[key])
        if name is None:  # there is a mistake already; this fits each of the keys
            return Schedule()
        if isinstance(options, Options):
            options = options.model_dump()
        return models_of_options(key)[name].model_validate(options)  # its errors name the option

    @field_validator("architecture", check_fields=False)
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

    @field_validator("activation", "output", check_fields=False)
    @classmethod
    def _has_a_slope(cls, names: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for name in (names,) if isinstance(names, str) else names:
            if name in untrainable_activations():
                what = "its derivative is zero almost everywhere, so gradient descent cannot train it"
                raise _rule(what, given=name, remedy="take sigmoid, its smooth version")
        return names

    @field_validator("activation", "dropout", "max_norm", check_fields=False)
    @classmethod
    def _has_one_value_per_layer(cls, value: T, info: ValidationInfo) -> T:
        architecture = info.data.get("architecture")
        if info.field_name == "dropout" and isinstance(value, float) and value:
            if architecture and not architecture[1:-1]:
                remedy = f"[{value:g}] leaves inputs out"
                raise _rule("has no hidden neurons to leave out", given=value, remedy=remedy)
            return value
        if architecture is None or not isinstance(value, tuple):
            return value
        layers = len(architecture) - 1
        number, of_what = {
            "activation": (layers - 1, "one per hidden layer"),
            "dropout": (layers, "one for the inputs and one per hidden layer"),
            "max_norm": (layers, "one per hidden layer and one for the outputs"),
        }[str(info.field_name)]
        if len(value) != number:
            must = (
                f"have {counted(number, 'value')}, {of_what}" if number else "be []: there is no hidden layer"
            )
            raise _rule(f"must {must}", given=list(value))
        is_one_name = info.field_name == "activation" and len(set(value)) == 1
        return value[0] if is_one_name else value  # the same setting, written in the same way

    @field_validator("output", check_fields=False)
    @classmethod
    def _has_something_to_compare(cls, output: str, info: ValidationInfo) -> str:
        if output == "softmax" and info.data.get("architecture", (0,))[-1] == 1:
            what = "needs at least two outputs: a single one is always 1"
            raise _rule(what, given=output, remedy="take sigmoid, or identity for values")
        return output

    @field_validator("loss", check_fields=False)
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

    @field_validator("monitor", check_fields=False)
    @classmethod
    def _is_measured(cls, monitor: str, info: ValidationInfo) -> str:
        dataset = info.data.get("dataset")
        if dataset and not DATASETS[dataset].classes and monitor == "val_accuracy":
            what = (
                f"must be val_loss or epoch: {dataset} has values, and there is no accuracy without classes"
            )
            raise _rule(what, given=monitor)
        return monitor

    @field_validator("monitor", check_fields=False)
    @classmethod
    def _leaves_patience_a_meaning(cls, monitor: str, info: ValidationInfo) -> str:
        patience = info.data.get("patience")
        if monitor == "epoch" and patience is not None:
            what = "must be null with monitor epoch: every epoch improves"
            raise _rule(what, given=patience, key="patience")
        return monitor

    @field_validator("min_delta", check_fields=False)
    @classmethod
    def _is_of_a_figure(cls, min_delta: float, info: ValidationInfo) -> float:
        if min_delta and info.data.get("monitor") == "epoch":
            raise _rule("must be 0 with monitor epoch: every epoch improves", given=min_delta)
        return min_delta

    @field_validator("momentum", check_fields=False)
    @classmethod
    def _is_of_use(cls, momentum: float, info: ValidationInfo) -> float:
        optimiser = info.data.get("optimiser", "sgd")
        need = OPTIMISERS[optimiser].momentum
        if need == "needed" and not momentum:
            raise _rule(f"must be above 0 with {optimiser}", given=momentum, remedy="typically 0.9")
        if need == "unused" and momentum:
            what = f"must be 0 with {optimiser}, whose beta1 takes its place"
            raise _rule(what, given=momentum, remedy="or take optimiser nesterov")
        return momentum

    @field_validator("momentum_ramp", check_fields=False)
    @classmethod
    def _leads_to_a_momentum(cls, ramp: MomentumRamp | None, info: ValidationInfo) -> MomentumRamp | None:
        optimiser = info.data.get("optimiser", "sgd")
        if ramp is not None and OPTIMISERS[optimiser].momentum == "unused":
            raise _rule(f"must be null with {optimiser}, which has no momentum", given=ramp.model_dump())
        if ramp is not None and info.data.get("momentum") == 0:
            raise _rule("needs a momentum that it leads to", given=ramp.model_dump(), remedy="typically 0.9")
        return ramp

    @field_validator("schedule", check_fields=False)
    @classmethod
    def _has_improvements(cls, schedule: str, info: ValidationInfo) -> str:
        if schedule == "plateau" and info.data.get("monitor") == "epoch":
            what = "needs epochs without improvement; with monitor epoch there are none"
            raise _rule(what, given=schedule, remedy="take monitor val_loss or val_accuracy")
        return schedule

    @field_validator("schedule_options", check_fields=False)
    @classmethod
    def _fit_into_the_epochs(cls, options: Options, info: ValidationInfo) -> Options:
        warm_up, epochs = getattr(options, "warm_up", 0), info.data.get("epochs")
        if epochs is not None and warm_up >= epochs:
            what = f"must be less than {epochs}, the number of epochs"
            raise _rule(what, given=warm_up, key="schedule_options.warm_up")
        return options

    @field_validator("label_smoothing", check_fields=False)
    @classmethod
    def _has_classes(cls, share: float, info: ValidationInfo) -> float:
        dataset = info.data.get("dataset")
        if share and dataset and not DATASETS[dataset].classes:
            raise _rule(f"must be 0: {dataset} has values, not classes", given=share)
        return share

    @field_validator("inputs", "augmentation", check_fields=False)
    @classmethod
    def _has_images(cls, value: T, info: ValidationInfo) -> T:
        dataset = info.data.get("dataset")
        if dataset and dataset not in MNIST_FAMILY and value not in ("unit", None):
            must = "unit" if info.field_name == "inputs" else "null"
            given = value.model_dump() if isinstance(value, BaseModel) else value
            raise _rule(f"must be {must}: {dataset} has no images", given=given)
        return value

    @field_validator("augmentation", check_fields=False)
    @classmethod
    def _does_something(cls, augmentation: Augmentation | None) -> Augmentation | None:
        return None if augmentation and augmentation.does_nothing else augmentation

    @field_validator("validation_size", check_fields=False)
    @classmethod
    def _leaves_training_examples(cls, validation_size: int, info: ValidationInfo) -> int:
        examples = _available(info)
        if examples is not None and validation_size >= examples:
            what = f"must be less than {examples}, the training examples of {info.data['dataset']}"
            raise _rule(what, given=validation_size)
        return validation_size

    @field_validator("train_size", check_fields=False)
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

    @field_validator("start", check_fields=False)
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

    @field_validator("dtype", check_fields=False)
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
