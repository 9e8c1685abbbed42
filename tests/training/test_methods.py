"""Every method of training: what it does to a training, and that it resumes to the same bits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.augmentation import Augmentation, augment
from nnlab.errors import UsageError
from nnlab.network import Scaling
from nnlab.optimisation import NO_FALLS, OPTIMISERS, OptimiserInfo
from nnlab.runs import checkpoint, metrics
from nnlab.runs.run import experiment_of
from nnlab.training import dropout_of, measure, optimiser_of, start, targets_of, train
from nnlab.training.ahead import ahead
from nnlab.training.methods import augmentation_of, scaling_of, smoothed
from nnlab.training.threads import number_of_workers
from tests.trainings import linear_experiment, results_of, resume, splits, summary_of
from tests.trainings import train as train_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.network import Array, Network
    from nnlab.optimisation import OptimiserState, Part
    from nnlab.runs.run import Run
    from nnlab.training import Epoch

HIDDEN: dict[str, object] = {"architecture": (784, 12, 8, 10), "activation": "relu", "eta": 0.05}
SHIFTED = {"shift": 2}
DISTORTED = {"shift": 2, "rotate": 10.0, "scale": 0.1, "shear": 5.0, "elastic": 20.0, "mirror": "both"}
# Each method by itself, and all that go together.
METHODS: dict[str, dict[str, object]] = {
    "activations": {"activation": ("elu", "scaled_tanh")},
    "nesterov": {"optimiser": "nesterov"},
    "adam": {"optimiser": "adam", "momentum": 0.0, "eta": 0.003},
    "momentum_ramp": {"momentum_ramp": {"start": 0.3, "epochs": 3}},
    "step": {"schedule": "step", "schedule_options": {"every": 2}},
    "exponential": {"schedule": "exponential"},
    "plateau": {"schedule": "plateau", "schedule_options": {"wait": 1, "least": 0}, "eta": 2.0, "epochs": 9},
    "l1": {"l1": 1e-4},
    "max_norm": {"max_norm": (1.0, None, 0.5)},
    "dropout": {"dropout": (0.1, 0.3, 0.2)},
    "label_smoothing": {"label_smoothing": 0.1},
    "weight_average": {"weight_average": 0.9},
    "inputs": {"inputs": "standardised"},
    "shift": {"augmentation": SHIFTED},
    "distortions": {"augmentation": DISTORTED, "batch_size": 90},
    "together": {
        "activation": ("leaky_relu", "softplus"),
        "optimiser": "nesterov",
        "schedule": "exponential",
        "l1": 1e-5,
        "l2": 1e-5,
        "max_norm": 2.0,
        "dropout": (0.1, 0.1, 0),
        "label_smoothing": 0.1,
        "weight_average": 0.9,
        "inputs": "symmetric",
        "augmentation": DISTORTED,
    },
}
each_method = pytest.mark.parametrize("name", METHODS)


def all_of(run: Run) -> dict[str, object]:
    """Return everything in the folder of a run, without times."""
    state, _ = checkpoint.load_state(run.last_npz, experiment_of(run))
    average = None if state.average is None else state.average.tobytes()
    return results_of(run) | {"falls": state.falls, "average": average}


def trained(workers: int | None = None, **changes: object) -> tuple[list[Epoch], Network]:
    """Return the epochs, without their times, and the network that was validated last."""
    experiment = linear_experiment(**changes)
    state = start(experiment)
    epochs = [replace(epoch, seconds=0) for epoch in train(experiment, state, *splits(), workers=workers)]
    return epochs, state.validated


@each_method
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(name: str, tmp_path: Path) -> None:
    changes: dict[str, object] = {"epochs": 5} | HIDDEN | METHODS[name]
    epochs = int(str(changes.pop("epochs")))
    whole, cut = (
        train_run(tmp_path, epochs=epochs, **changes),
        train_run(tmp_path, epochs=epochs - 3, **changes),
    )
    before = all_of(cut)
    if name == "plateau":
        assert before["falls"] != NO_FALLS
    assert all_of(resume(cut, epochs=epochs)) == all_of(whole) != before


@each_method
def test_it_changes_the_training_and_the_network_learns(name: str, tmp_path: Path) -> None:
    same = {key: METHODS[name][key] for key in ("eta", "momentum", "batch_size") if key in METHODS[name]}
    plain = train_run(tmp_path, **(HIDDEN | same | {"epochs": 6}))
    run = train_run(tmp_path, **(HIDDEN | METHODS[name] | {"epochs": 6}))
    assert summary_of(run).weights_sha256 != summary_of(plain).weights_sha256
    accuracy = summary_of(run).val_accuracy
    assert accuracy
    assert accuracy > (0.05 if name == "plateau" else 0.2)  # its η of 2 is there to fall


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_schedule_over_all_epochs_resumes_where_it_was_and_keeps_their_number(
    schedule: str, tmp_path: Path
) -> None:
    changes: dict[str, object] = {"schedule": schedule, "schedule_options": {"warm_up": 1.0}, "epochs": 5}
    experiment = linear_experiment(**changes)
    expected = [replace(epoch, seconds=0) for epoch in train(experiment, start(experiment), *splits())]
    state = start(experiment)
    begun = train(experiment, state, *splits())
    found = [replace(next(begun), seconds=0) for _ in range(2)]
    found += [replace(epoch, seconds=0) for epoch in train(experiment, state.copy(), *splits())]
    assert found == expected
    assert [epoch.eta for epoch in found] == sorted((epoch.eta for epoch in found), reverse=True)
    run = train_run(tmp_path, **changes)
    with pytest.raises(UsageError, match=f"with schedule {schedule}, η falls over 5 epochs"):
        resume(run, epochs=6)


def test_eta_in_the_metrics_is_the_one_used_in_the_last_step(tmp_path: Path) -> None:
    run = train_run(tmp_path, epochs=4, schedule="step", schedule_options={"every": 2, "factor": 0.5})
    etas = [row.eta for row in metrics.read(run.metrics_csv, epochs=4)]
    assert etas == [0.1, 0.1, 0.05, 0.05]


def test_plateau_stops_the_training(tmp_path: Path) -> None:
    options = {"wait": 1, "factor": 0.5, "least": 0.25}
    run = train_run(tmp_path, epochs=99, eta=3.0, schedule="plateau", schedule_options=options)
    summary = summary_of(run)
    assert (summary.status, summary.stop_reason) == ("finished", "plateau")
    etas = [row.eta for row in metrics.read(run.metrics_csv, epochs=99)]
    assert sorted(set(etas), key=lambda eta: eta or 0) == [1.5, 3.0]  # a fall to 0.75 ends it
    before = all_of(run)
    assert all_of(resume(run)) == before


def test_eta_changes_with_every_step() -> None:
    """A warm-up by hand: two epochs of 16 steps, over which η rises, with a rule for each step."""
    experiment = linear_experiment(
        schedule="cosine", schedule_options={"warm_up": 2.0}, epochs=4, momentum=0.0, dtype="float64"
    )
    training, validation = splits()
    training, validation = (replace(each, dtype="float64") for each in (training, validation))
    state = start(experiment)
    weights, biases = state.network.weights[0].copy(), state.network.biases[0].copy()
    shuffle = state.copy().rng
    epochs = train(experiment, state, training, validation)
    for epoch in range(2):
        next(epochs)
        order = shuffle.permutation(1000)
        for step in range(16):
            batch = order[64 * step : 64 * (step + 1)]
            x, labels = training.inputs[batch], training.labels[batch]
            z = x @ weights.T + biases.T
            exponentials = np.exp(z - z.max(axis=1, keepdims=True))
            delta = exponentials / exponentials.sum(axis=1, keepdims=True) - np.eye(10)[labels]
            eta = 0.1 * (16 * epoch + step + 1) / 32
            weights -= eta * delta.T @ x / len(batch)
            biases[:, 0] -= eta * delta.mean(axis=0)
        np.testing.assert_allclose(state.network.weights[0], weights, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(state.network.biases[0], biases, rtol=1e-9, atol=1e-12)


def test_the_momentum_is_that_of_the_epoch() -> None:
    experiment = linear_experiment(momentum=0.9, momentum_ramp={"start": 0.5, "epochs": 4})
    momenta = [vars(optimiser_of(experiment, epoch))["momentum"] for epoch in (0, 2, 4, 9)]
    assert momenta == pytest.approx([0.5, 0.7, 0.9, 0.9])
    assert (
        trained(epochs=3, momentum_ramp={"start": 0.1, "epochs": 2})[0][0]
        == trained(momentum=0.1, epochs=3)[0][0]
    )


def test_masks_of_dropout_differ_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    def masks(seed: int, epoch: int) -> bytes:
        dropout = dropout_of(linear_experiment(dropout=[0.5], seed=seed), epoch)
        assert dropout is not None
        drawn = dropout.masks([784], 64, np.dtype("float32"))
        drawn.draw()
        return np.asarray(drawn.factors()[0]).tobytes()

    assert masks(0, 1) == masks(0, 1)
    assert len({masks(0, 0), masks(0, 1), masks(1, 0), masks(1, 1)}) == 4


def test_what_enters_an_image_from_outside_is_background_when_pixels_are_scaled() -> None:
    experiment = linear_experiment(inputs="symmetric", augmentation={"shift": 27})
    change = augmentation_of(experiment, 0)
    assert change is not None
    changed = change(np.ones((50, 784), np.float32), 0)
    assert set(np.unique(changed)) == {-1, 1}
    assert (changed == -1).mean() > 0.5


def test_a_copy_of_the_state_keeps_its_average() -> None:
    experiment = linear_experiment(weight_average=0.9)
    state = start(experiment)
    epochs = train(experiment, state, *splits())
    next(epochs)
    copy = state.copy()
    kept = copy.validated.parameters.copy()
    next(epochs)
    np.testing.assert_array_equal(copy.validated.parameters, kept)
    assert (state.validated.parameters != kept).any()


def test_norms_keep_their_bound_after_every_step() -> None:
    experiment = linear_experiment(**(HIDDEN | {"max_norm": [0.7, None, 0.3], "eta": 0.5, "epochs": 2}))
    state = start(experiment)
    largest = []

    def look(_: int) -> None:
        largest.append([np.linalg.norm(weights, axis=1).max() for weights in state.network.weights])

    list(train(experiment, state, *splits(), on_batch=look))
    first, second, third = np.transpose(largest)
    assert len(first) == 32
    assert first.max() <= 0.7 * (1 + 1e-6)
    assert third.max() <= 0.3 * (1 + 1e-6)
    assert third.max() > 0.299
    assert second.max() > 0.7


def test_the_average_is_what_is_validated_and_kept(tmp_path: Path) -> None:
    # Scaled inputs are never idle, so the parameters can be watched while they change.
    changes: dict[str, object] = {**HIDDEN, "weight_average": 0.9, "epochs": 2, "inputs": "symmetric"}
    experiment = linear_experiment(**changes)
    state = start(experiment)
    expected = state.network.parameters.astype(np.float64)
    steps = 0

    def follow(_: int) -> None:
        nonlocal expected, steps
        decay = min(0.9, (1 + steps) / (10 + steps))
        expected = decay * expected + (1 - decay) * state.network.parameters
        steps += 1

    training, validation = splits()
    *_, last = train(experiment, state, training, validation, on_batch=follow)
    np.testing.assert_allclose(state.validated.parameters, expected, rtol=1e-4, atol=1e-6)
    assert not np.allclose(state.network.parameters, expected, rtol=1e-3)
    z = state.validated.pre_activations(validation.inputs)
    targets = targets_of(validation.labels, 10, "float32")
    assert (last.val_loss, last.val_accuracy) == measure(state.validated, z, targets, validation.labels)
    run = train_run(tmp_path, **changes)
    with np.load(run.last_npz) as arrays:
        np.testing.assert_array_equal(arrays["weights.0"], state.validated.weights[0])
        np.testing.assert_array_equal(arrays["trained"], state.network.parameters)


def test_the_average_does_not_meddle_with_an_array_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True)
    class Momentum:
        name: str

        def scale(self, eta: float) -> float:
            return eta

        def start(self, parameters: Array) -> OptimiserState:
            return {self.name: np.zeros_like(parameters)}

        def step(self, part: Part, _eta: float, _number: int) -> None:
            velocity, parameters = part.state[self.name], part.parameters
            velocity *= 0.9
            velocity += part.gradient
            parameters -= velocity

    results = []
    for name in ("velocity", "average"):
        optimiser = Momentum(name)
        monkeypatch.setitem(OPTIMISERS, "sgd", OptimiserInfo(lambda *_, it=optimiser: it))
        results.append(summary_of(train_run(tmp_path, weight_average=0.9)).weights_sha256)
    assert results[0] == results[1]


def test_smoothed_targets_by_hand() -> None:
    np.testing.assert_allclose(
        smoothed(np.array([[1.0], [0.0], [0.0], [0.0]]), 0.2)[:, 0], [0.85, 0.05, 0.05, 0.05]
    )
    np.testing.assert_allclose(smoothed(np.array([[1.0, 0.0]]), 0.2), [[0.9, 0.1]])
    targets = np.eye(3)
    assert smoothed(targets, 0.0) is targets


def test_the_training_loss_is_that_of_the_labels_as_for_validation() -> None:
    (plain,), _ = trained(epochs=1, eta=1e-9)
    (smooth,), _ = trained(epochs=1, eta=1e-9, label_smoothing=0.5)
    assert smooth.train_loss == pytest.approx(plain.train_loss, rel=1e-6)


@pytest.mark.parametrize(
    ("inputs", "scaling"),
    [
        ("unit", Scaling()),
        ("symmetric", Scaling(0.5, 0.5)),
        ("standardised", Scaling(0.1307, 0.3081)),
    ],
)
def test_pixels_are_scaled_as_the_config_says(inputs: str, scaling: Scaling) -> None:
    experiment = linear_experiment(inputs=inputs)
    assert scaling_of(experiment) == start(experiment).network.scaling == scaling


@pytest.mark.parametrize("augmentation", [SHIFTED, DISTORTED])
@pytest.mark.parametrize("batch_size", [64, 90, "full"])
def test_the_number_of_workers_changes_nothing(
    augmentation: dict[str, object], batch_size: int | str
) -> None:
    results = [
        trained(workers, epochs=2, augmentation=augmentation, batch_size=batch_size) for workers in (0, 1, 2)
    ]
    for epochs, network in results[1:]:
        assert epochs == results[0][0]
        np.testing.assert_array_equal(network.parameters, results[0][1].parameters)


def test_images_are_augmented_anew_in_every_epoch_and_by_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def spy(images: Array, shape: tuple[int, int], settings: Augmentation, rng: np.random.Generator) -> Array:
        result = augment(images, shape, settings, rng)
        seen.append(result.tobytes())
        return result

    monkeypatch.setattr("nnlab.training.methods.augment", spy)
    for seed in (0, 0, 1):
        trained(epochs=3, augmentation=SHIFTED, seed=seed)
    # Each epoch has two chunks: 960 examples in whole batches, and 40.
    assert seen[:6] == seen[6:12]
    assert len(set(seen)) == 12


def test_a_worker_computes_ahead() -> None:
    begun = threading.Event()

    def second() -> int:
        begun.set()
        return 2

    results = ahead([lambda: 1, second, lambda: 3], workers=1)
    assert next(results) == 1
    assert begun.wait(10)
    assert list(results) == [2, 3]


def test_results_come_in_order() -> None:
    done: list[int] = []

    def task(number: int) -> Callable[[], int]:
        def run() -> int:
            done.append(number)
            return number

        return run

    results = ahead([task(number) for number in range(5)], workers=0)
    assert next(results) == 0
    assert done == [0]
    for workers in (0, 1, 2, 3):
        assert list(ahead([task(number) for number in range(5)], workers=workers)) == [0, 1, 2, 3, 4]


def test_without_threads_the_results_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    with_threads, _ = trained(1, epochs=1, augmentation=DISTORTED)
    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", refuse)
    without, _ = trained(1, epochs=1, augmentation=DISTORTED)
    assert without == with_threads


def test_an_error_in_a_worker_ends_the_training() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ahead([fail], workers=1))


def test_a_further_thread_augments_where_there_is_a_core_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, workers in (({0, 1}, 1), ({0}, 0)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: cores)
        for augmentation in (SHIFTED, DISTORTED):
            assert number_of_workers(linear_experiment(augmentation=augmentation)) == workers
        assert number_of_workers(linear_experiment()) == 0
