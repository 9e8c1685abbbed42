from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.config import Experiment
from nnlab.datasets import Source, Split
from nnlab.optimisation.adam import AdamOptions
from nnlab.randomness import stream
from nnlab.training import (
    BatchSource,
    Epoch,
    TrainingState,
    blank_network,
    load_splits,
    measure,
    start,
    stop_reason,
    targets_of,
    train,
)
from nnlab.training.early_stopping import History

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nnlab.training.batches import BatchGroup

    from .conftest import BuildExperiment, DrawBlobs

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def training(blobs: DrawBlobs) -> Split:
    return blobs(50, seed=1)  # 16 + 16 + 16 + 2


@pytest.fixture
def validation(blobs: DrawBlobs) -> Split:
    return blobs(30, seed=2)


def trained(experiment: Experiment, training: Split, validation: Split) -> tuple[TrainingState, list[Epoch]]:
    state = start(experiment)
    return state, list(train(experiment, state, training, validation))


def copied(state: TrainingState) -> TrainingState:
    return state.copy()


def loss_and_accuracy(state: TrainingState, data: Split) -> tuple[float, float | None]:
    network = state.network
    z = network.forward(data.inputs.T)
    return measure(network, z, targets_of(data.labels, 3, z.dtype), data.labels)


# The start


def test_a_blank_network_is_that_of_the_experiment(experiment: BuildExperiment) -> None:
    network = blank_network(experiment(dtype="float64"))
    assert network.architecture == (4, 6, 3)
    assert network.parameters.dtype == np.float64
    assert not network.parameters.any()


def test_the_start_has_random_weights_and_no_past(experiment: BuildExperiment) -> None:
    state = start(experiment(activation="relu"))
    assert all(weights.all() for weights in state.network.weights)
    assert not state.optimiser["velocity"].any()
    assert (state.epoch, state.history) == (0, History())


def test_initialisation_auto_suits_hidden_layers_and_output_layer(
    experiment: BuildExperiment,
) -> None:
    wide = experiment(architecture=(50, 200, 400), activation="relu")
    hidden, output = start(wide).network.weights
    assert hidden.std() == pytest.approx(math.sqrt(2 / 50), rel=0.03)  # he
    assert output.std() == pytest.approx(math.sqrt(2 / 600), rel=0.03)  # glorot


# The epochs


def test_epochs_count_from_1_and_the_last_says_why_it_was(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state, epochs = trained(experiment(epochs=4), training, validation)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert [epoch.stop_reason for epoch in epochs] == [None, None, None, "epochs"]
    assert state.epoch == 4


def test_each_epoch_shuffles_all_examples_afresh(
    experiment: BuildExperiment,
    training: Split,
    validation: Split,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders: list[list[int]] = []
    groups = BatchSource.groups

    def spy(source: BatchSource, order: NDArray[np.intp], *_: object, **__: object) -> Iterator[BatchGroup]:
        orders.append(order.tolist())
        return groups(source, order)

    monkeypatch.setattr(BatchSource, "groups", spy)
    trained(experiment(epochs=5), training, validation)
    assert [sorted(order) for order in orders] == [list(range(50))] * 5
    assert len({tuple(order) for order in orders}) == 5


def test_train_figures_are_means_over_the_epoch_as_each_batch_came_up(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state = start(experiment(epochs=1))
    order = stream(0, "shuffle").permutation(50)
    snapshots = [copied(state)]
    [epoch] = train(
        experiment(epochs=1), state, training, validation, on_batch=lambda _: snapshots.append(copied(state))
    )
    figures = [
        loss_and_accuracy(snapshots[place // 16], Split(training.inputs[[i]], training.labels[[i]]))
        for place, i in enumerate(order)
    ]
    assert epoch.train_loss == pytest.approx(np.mean([loss for loss, _ in figures]), rel=1e-6)
    assert epoch.train_accuracy == pytest.approx(np.mean([accuracy for _, accuracy in figures]), rel=1e-12)


def test_validation_figures_are_those_after_the_epoch(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state = start(experiment())
    for epoch in train(experiment(), state, training, validation):
        loss, accuracy = loss_and_accuracy(state, validation)
        assert epoch.val_loss == pytest.approx(loss, rel=1e-6)
        assert epoch.val_accuracy == accuracy


def test_a_full_batch_is_one_step_per_epoch_with_the_figures_before_it(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    full = experiment(batch_size="full", epochs=3)
    sizes: list[int] = []
    state = start(full)
    before = loss_and_accuracy(state, training)
    for epoch in train(full, state, training, validation, on_batch=sizes.append):
        assert epoch.train_loss == pytest.approx(before[0], rel=1e-5)
        assert epoch.train_accuracy == before[1]
        before = loss_and_accuracy(state, training)
    assert sizes == [50, 50, 50]


def test_measure_is_the_mean_loss_and_the_share_of_right_answers(
    experiment: BuildExperiment,
) -> None:
    network = blank_network(experiment(output="identity", loss="quadratic"))
    z = np.array([[1.0, 0.0, 3.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
    # Half the squared distances to the one-hot labels: 0, 0, ½ (9 + 1), ½ 1.
    labels = np.array([0, 1, 2, 2])
    assert measure(network, z, np.eye(3)[:, labels], labels) == (5.5 / 4, 3 / 4)


# Early stopping


def still(experiment: BuildExperiment, **changes: object) -> Experiment:
    """Return an experiment that learns nothing, so that each epoch ties with the one before."""
    return experiment(eta=0.0, epochs=20, **changes)


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy"])
def test_patience_counts_down_and_stops(
    monitor: str, experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state, epochs = trained(still(experiment, patience=3, monitor=monitor), training, validation)
    assert [epoch.patience_left for epoch in epochs] == [3, 2, 1, 0]
    assert [epoch.stop_reason for epoch in epochs] == [None, None, None, "patience"]
    assert [epoch.improved for epoch in epochs] == [True, False, False, False]
    assert [epoch.is_best for epoch in epochs] == [True, False, False, False]
    assert state.history.best == getattr(epochs[0], monitor)


def test_patience_of_null_runs_all_epochs(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    _, epochs = trained(still(experiment), training, validation)
    assert len(epochs) == 20
    assert epochs[-1].stop_reason == "epochs"
    assert epochs[-1].patience_left is None


def test_start_from_epoch_delays_the_stop(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    _, epochs = trained(still(experiment, patience=2, start_from_epoch=6), training, validation)
    assert len(epochs) == 7


def test_an_epoch_can_be_best_without_improving_by_min_delta(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    _, epochs = trained(experiment(patience=2, min_delta=10.0, epochs=9), training, validation)
    assert [epoch.is_best for epoch in epochs] == [True, True, True]
    assert [epoch.improved for epoch in epochs] == [True, False, False]
    assert epochs[-1].stop_reason == "patience"


def test_accuracy_is_monitored_upwards(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state, epochs = trained(experiment(monitor="val_accuracy", epochs=8), training, validation)
    accuracies = [epoch.val_accuracy or 0 for epoch in epochs]
    assert max(accuracies) > accuracies[0]
    assert state.history.best == max(accuracies)
    assert state.history.best_epoch == 1 + accuracies.index(max(accuracies))


def test_the_last_epoch_is_the_best_where_the_epoch_is_monitored(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state, epochs = trained(still(experiment, monitor="epoch"), training, validation)
    assert [epoch.is_best for epoch in epochs] == [True] * 20
    assert state.history.best_epoch == 20


def test_what_is_monitored_does_not_change_the_training(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    first, *others = (
        trained(experiment(monitor=monitor, epochs=4), training, validation)[0].network.parameters
        for monitor in ("val_loss", "val_accuracy", "epoch")
    )
    assert all(np.array_equal(first, other) for other in others)


def test_a_finished_training_does_not_go_on(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    finished = still(experiment, patience=1)
    state, _ = trained(finished, training, validation)
    assert stop_reason(finished, state) == "patience"
    assert list(train(finished, state, training, validation)) == []


# The same again


def test_same_seed_gives_the_same_weights_ten_times_out_of_ten(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    weights = {trained(experiment(), training, validation)[0].network.parameters.tobytes() for _ in range(10)}
    assert len(weights) == 1


def test_another_seed_gives_other_weights_from_the_start(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    one, other = experiment(seed=1), experiment(seed=2)
    assert (start(one).network.weights[0] != start(other).network.weights[0]).all()
    first, second = (trained(seeded, training, validation)[0] for seeded in (one, other))
    assert (first.network.parameters != second.network.parameters).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resuming_in_the_middle_gives_bit_identical_parameters(
    dtype: str, experiment: BuildExperiment, blobs: DrawBlobs
) -> None:
    training, validation = blobs(50, seed=1, dtype=dtype), blobs(30, seed=2, dtype=dtype)
    whole = experiment(dtype=dtype, epochs=6, momentum=0.9, l2=0.01, patience=4)
    state, epochs = start(whole), []
    halfway = None
    for epoch in train(whole, state, training, validation):
        epochs.append(replace(epoch, seconds=0))
        if epoch.epoch == 3:
            halfway = copied(state)
    assert halfway is not None

    resumed = [replace(epoch, seconds=0) for epoch in train(whole, halfway, training, validation)]

    assert resumed == epochs[3:]
    np.testing.assert_array_equal(halfway.network.parameters, state.network.parameters)
    np.testing.assert_array_equal(halfway.optimiser["velocity"], state.optimiser["velocity"])
    assert halfway.rng.random() == state.rng.random()


def test_float64_stays_float64(experiment: BuildExperiment, blobs: DrawBlobs) -> None:
    data = blobs(50, dtype="float64")
    state, _ = trained(experiment(dtype="float64", momentum=0.5, l2=0.01), data, data)
    for array in (state.network.parameters, state.optimiser["velocity"]):
        assert array.dtype == np.float64
        assert (array != array.astype(np.float32)).all()  # nothing went by way of float32


# The ends


def test_an_exception_from_on_batch_ends_the_training_within_the_epoch(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    state, sizes = start(experiment()), []

    def interrupt(size: int) -> None:
        sizes.append(size)
        if len(sizes) == 6:  # the second batch of the second epoch
            raise KeyboardInterrupt

    epochs = train(experiment(), state, training, validation, on_batch=interrupt)
    assert next(epochs).epoch == 1
    with pytest.raises(KeyboardInterrupt):
        next(epochs)
    assert sizes == [16, 16, 16, 2, 16, 16]
    assert state.epoch == state.history.best_epoch == 1


@pytest.mark.parametrize("pair", [("softmax", "log_likelihood"), ("identity", "quadratic")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_huge_eta_diverges_without_a_warning(
    pair: tuple[str, str], dtype: str, experiment: BuildExperiment, blobs: DrawBlobs
) -> None:
    data, (output, loss) = blobs(50, dtype=dtype), pair
    huge = experiment(dtype=dtype, activation="relu", output=output, loss=loss, eta=1e200, patience=5)
    before = np.geterr()
    state, epochs = trained(huge, data, data)  # a warning would be an error
    assert [epoch.stop_reason for epoch in epochs] == ["diverged"]
    assert not math.isfinite(epochs[0].train_loss)
    assert state.history == History()
    assert not epochs[0].is_best
    assert np.geterr() == before


def test_adam_without_an_epsilon_diverges_without_a_warning(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    """The squares of tiny gradients are 0 in single precision, and so is an epsilon of 1e-300."""
    options = AdamOptions(epsilon=1e-300)
    tiny = Split(training.inputs * np.float32(1e-30), training.labels)
    _, epochs = trained(experiment(optimiser="adam", optimiser_options=options), tiny, validation)
    assert [epoch.stop_reason for epoch in epochs] == ["diverged"]


@pytest.mark.parametrize("overflows", ["training", "validation"])
def test_one_loss_that_is_not_finite_ends_the_run(
    overflows: str, experiment: BuildExperiment, blobs: DrawBlobs
) -> None:
    tame = blobs(50)
    wild = Split(tame.inputs * np.float32(1e30), tame.labels)  # finite, but their squares are not
    splits = (wild, tame) if overflows == "training" else (tame, wild)
    _, [epoch] = trained(still(experiment, activation="relu", output="identity", loss="quadratic"), *splits)
    assert math.isfinite(epoch.train_loss) == (overflows == "validation")
    assert math.isfinite(epoch.val_loss) == (overflows == "training")
    assert epoch.stop_reason == "diverged"


def test_divergence_leaves_the_history_and_the_best_epoch_of_before(
    experiment: BuildExperiment, training: Split, validation: Split
) -> None:
    # A linear network with a step too large: the loss grows by a factor each step until it overflows.
    growing = experiment(
        architecture=(4, 3), output="identity", loss="quadratic", eta=20.0, epochs=99, patience=98
    )
    state, histories, epochs = start(growing), [], []
    for epoch in train(growing, state, training, validation):
        epochs.append(epoch)
        histories.append(state.history)
    *finite, last = epochs
    assert len(finite) >= 2
    assert all(math.isfinite(epoch.val_loss) for epoch in finite)
    assert last.stop_reason == "diverged"
    assert not last.improved
    assert not last.is_best
    assert histories[-1] == histories[-2]
    assert state.history.best_epoch == 1
    assert state.epoch == last.epoch == len(epochs)


# Learning


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(
    ("output", "loss", "eta"), [("softmax", "log_likelihood", 0.5), ("sigmoid", "quadratic", 1.0)]
)
def test_learns_xor(activation: str, output: str, loss: str, eta: float, experiment: BuildExperiment) -> None:
    xor = Split(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0]))
    shape = {"architecture": (2, 16, 2), "activation": activation, "output": output, "loss": loss}
    _, epochs = trained(experiment(**shape, eta=eta, batch_size=4, epochs=600, momentum=0.9), xor, xor)
    assert epochs[-1].val_accuracy == 1
    assert epochs[-1].val_loss < 0.2 * epochs[0].val_loss


@pytest.fixture(scope="module")
def mnist() -> tuple[Experiment, Split, Split]:
    experiment = Experiment(
        dataset="mnist",
        architecture=(784, 30, 10),
        activation="relu",
        output="softmax",
        loss="log_likelihood",
        eta=0.2,
        batch_size=32,
        epochs=5,
        patience=None,
        seed=0,
        train_size=2000,
        validation_size=1000,
    )
    return experiment, *load_splits(experiment, Source(data_dir=DATA, offline=True))


def test_learns_mnist_from_2000_examples(mnist: tuple[Experiment, Split, Split]) -> None:
    experiment, training, validation = mnist
    assert (len(training.labels), len(validation.labels)) == (2000, 1000)
    state, epochs = trained(experiment, training, validation)
    assert (epochs[-1].val_accuracy or 0) > 0.8  # 0.88 was seen
    assert epochs[-1].train_loss < 0.5 * epochs[0].train_loss
    assert state.network.parameters.dtype == np.float32


def test_same_seed_gives_the_same_split_and_another_seed_another(
    mnist: tuple[Experiment, Split, Split],
) -> None:
    experiment, training, validation = mnist
    source = Source(data_dir=DATA, offline=True)
    again = load_splits(experiment, source)
    np.testing.assert_array_equal(again[0].inputs, training.inputs)
    np.testing.assert_array_equal(again[1].labels, validation.labels)
    other = load_splits(experiment.model_copy(update={"seed": 1}), source)
    assert (other[0].labels != training.labels).any()
