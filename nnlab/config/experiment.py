"""The schema of an experiment: every key of a config file, its type, its range and its default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny

from nnlab.augmentation import Augmentation
from nnlab.config.keys import (
    Description,
    Name,
    NameIn,
    NamesIn,
    Phrases,
    Seed,
    TrainSize,
)
from nnlab.config.options import mapping_or_null, options
from nnlab.config.rules import Rules, untrainable_activations
from nnlab.config.start import Start
from nnlab.datasets import DATASETS, Options
from nnlab.network import ACTIVATIONS, INITIALISERS, LOSS_OF_A_GUESS, OUTPUTS
from nnlab.optimisation import OPTIMISERS, SCHEDULES, MomentumRamp, Schedule
from nnlab.options import STRICT

Bound = Annotated[float, Field(gt=0)]
Rate = Annotated[float, Field(ge=0, le=0.99)]
Width = Annotated[int, Field(strict=True, ge=1, le=100_000)]


def trainable_activations() -> list[str]:
    """Return the activations that hidden layers may have."""
    return [name for name, activation in ACTIVATIONS.items() if activation.derivative]


def output_names() -> list[str]:
    """Return the activations that the output layer may have."""
    return list(dict.fromkeys(output for output, _ in OUTPUTS))


class Experiment(Rules):
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
        *options("dataset_options", example="{steps: 4}"),
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
    activation: Annotated[
        str | tuple[str, ...], NamesIn(trainable_activations, refused=untrainable_activations)
    ] = Field(
        description="activation function a(z) of the hidden layers, typically relu, or a list with one per "
        "hidden layer"
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
    monitor: Literal["val_loss", "val_accuracy", "epoch"] = Field(
        "val_loss",
        description="what makes an epoch the best: the least mean loss of the validation examples, the "
        "largest share of them that is classified right, or, with epoch, that it is the last",
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
        *mapping_or_null(Start, example="{weights: …, biases: …}"),
    ] = Field(
        None,
        description="fixed starting weights and biases, such as {weights: [[[0.6]]], biases: [[0.9]]} "
        "for one neuron; null: random ones",
    )
    optimiser: Annotated[str, NameIn(lambda: OPTIMISERS)] = Field(
        "sgd",
        description="rule by which a gradient changes the weights; typically sgd, nesterov with a momentum, "
        "or adam",
    )
    optimiser_options: Annotated[
        SerializeAsAny[Options], *options("optimiser_options", example="{beta1: 0.9}")
    ] = Field(
        Options(),
        validate_default=True,
        description="parameters of the optimiser, such as {beta1: 0.9, beta2: 0.999} for adam",
    )
    momentum: float = Field(
        0.0,
        ge=0,
        lt=1,
        validate_default=True,
        description="momentum coefficient μ, the share of the last step that is kept; below 1, "
        "typically 0 or 0.9",
    )
    momentum_ramp: Annotated[
        MomentumRamp | None,
        *mapping_or_null(MomentumRamp, example="{start: …, epochs: …}"),
    ] = Field(
        None,
        description="momentum that changes linearly at first, such as {start: 0.5, epochs: 20}; "
        "null: it is constant",
    )
    schedule: Annotated[str, NameIn(lambda: SCHEDULES)] = Field(
        "constant", description="how η changes during training; typically constant, or cosine"
    )
    schedule_options: Annotated[
        SerializeAsAny[Schedule], *options("schedule_options", example="{warm_up: 2}")
    ] = Field(
        Schedule(),
        validate_default=True,
        description="parameters of the schedule, such as {warm_up: 2} for cosine",
    )
    l1: float = Field(
        0.0,
        ge=0,
        description="regularisation λ₁: adds λ₁ ‖W‖₁ to the cost, biases left out; "
        "typically 0, or 1e-6 to 1e-4",
    )
    l2: float = Field(
        0.0,
        ge=0,
        description="regularisation λ: adds λ/2 ‖W‖² to the cost, biases left out; "
        "typically 0, or 1e-5 to 1e-3",
    )
    max_norm: Annotated[
        Bound | Annotated[tuple[Bound | None, ...], Field(strict=False)] | None,
        Phrases(
            must="must be a number above 0, a list with one number or null per layer, such as [3, 3, null], "
            "or null",
            words=("null",),
        ),
    ] = Field(
        None,
        description="largest norm ‖w‖ of the incoming weights of a neuron, such as 3, or a list with one per "
        "layer; null: no bound",
    )
    dropout: Annotated[
        Rate | Annotated[tuple[Rate, ...], Field(strict=False)],
        Phrases(
            must="must be a number from 0 to 0.99, or a list of numbers for the inputs and each hidden "
            "layer, such as [0.2, 0.5]",
        ),
    ] = Field(
        0.0,
        description="share of the hidden neurons left out in a step, typically 0.5, or a list for the inputs "
        "and each hidden layer, such as [0.2, 0.5]",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of each target that is spread evenly over all classes; typically 0 or 0.1",
    )
    weight_average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay, in each step, of the moving average of the weights that is validated and kept; "
        "typically 0.99 to 0.9999; 0: the weights themselves",
    )
    inputs: Literal["unit", "symmetric", "standardised"] = Field(
        "unit",
        description="range of the pixels: unit is [0, 1], symmetric [−1, 1], standardised has mean 0 and "
        "variance 1",
    )
    augmentation: Annotated[
        Augmentation | None,
        *mapping_or_null(Augmentation, example="{shift: 2, rotate: 10}"),
    ] = Field(
        None,
        description="how training images are moved and deformed, anew in every epoch, such as "
        "{shift: 2, rotate: 10}; null: not at all",
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

    @property
    def hidden_activations(self) -> tuple[str, ...]:
        """The activation of each hidden layer."""
        hidden = len(self.architecture) - 2
        return (self.activation,) * hidden if isinstance(self.activation, str) else self.activation

    @property
    def dropout_rates(self) -> tuple[float, ...]:
        """The rate of dropout of the inputs and of each hidden layer; none without dropout."""
        hidden = len(self.architecture) - 2
        rates = self.dropout if isinstance(self.dropout, tuple) else (0.0, *[self.dropout] * hidden)
        return rates if any(rates) else ()

    @property
    def norm_bounds(self) -> tuple[float | None, ...]:
        """The bound on the norms of each layer, None for no bound; none without any bound."""
        layers = len(self.architecture) - 1
        bounds = self.max_norm if isinstance(self.max_norm, tuple) else (self.max_norm,) * layers
        return bounds if any(bounds) else ()
