"""The methods predict from what they keep as scikit-learn does; and what is known of them on MNIST holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from nnlab.baselines import fit, predict
from nnlab.config import BASELINES, Experiment, load_baseline
from nnlab.datasets import Source, Split
from nnlab.datasets.toys import jumps
from nnlab.errors import NnlabError, UsageError
from nnlab.training import load_splits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nnlab.config import BaselineName

SIZES = ("train_size=1000", "validation_size=1000")


@pytest.fixture(scope="module")
def splits() -> tuple[Split, Split]:
    return load_splits(load_baseline("linear", SIZES), Source(offline=True))


# Roughly what they reach with a thousand examples; chance is 0.1.
@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        ("nearest_neighbours", 0.84, 0.92),
        ("svm_rbf", 0.88, 0.95),
        ("linear", 0.6, 0.85),
        ("mean_darkness", 0.15, 0.3),
    ],
)
def test_a_method_reaches_its_known_accuracy(
    splits: tuple[Split, Split], method: BaselineName, low: float, high: float
) -> None:
    training, validation = splits
    baseline = load_baseline(method, SIZES)
    labels = predict(baseline, fit(baseline, training), training, validation.inputs)
    assert low < (labels == validation.labels).mean() < high


@pytest.mark.parametrize(("penalty", "gamma"), [(5, 0.02), (0.1, 0.001), (100, 0.5)])
def test_the_votes_of_the_svm_are_those_of_libsvm(
    splits: tuple[Split, Split], penalty: float, gamma: float
) -> None:
    training, validation = splits
    baseline = load_baseline("svm_rbf", [f"penalty={penalty}", f"gamma={gamma}", *SIZES])
    ours = predict(baseline, fit(baseline, training), training, validation.inputs)
    theirs = SVC(C=penalty, gamma=gamma).fit(training.inputs, training.labels).predict(validation.inputs)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("classes", [(3, 8), (1, 3, 8)])
def test_the_svm_distinguishes_two_classes_as_well_as_three(
    splits: tuple[Split, Split], classes: tuple[int, ...]
) -> None:
    training, validation = (
        Split(split.inputs[of], split.labels[of])
        for split in splits
        for of in [np.isin(split.labels, classes)]
    )
    baseline = load_baseline("svm_rbf")
    ours = predict(baseline, fit(baseline, training), training, validation.inputs)
    theirs = SVC(C=5, gamma=0.02).fit(training.inputs, training.labels).predict(validation.inputs)
    np.testing.assert_array_equal(ours, theirs)
    assert (ours == validation.labels).mean() > 0.9


def test_the_nearest_neighbour_of_a_training_example_is_itself(splits: tuple[Split, Split]) -> None:
    training, _ = splits
    baseline = load_baseline("nearest_neighbours", ["neighbours=1"])
    labels = predict(baseline, fit(baseline, training), training, training.inputs[:50])
    np.testing.assert_array_equal(labels, training.labels[:50])


def test_a_baseline_has_the_examples_of_an_experiment() -> None:
    keys: dict[str, Any] = {"dataset": "mnist", "seed": 5, "validation_size": 1000, "train_size": 1000}
    network = Experiment(
        **keys,
        architecture=(784, 10),
        activation="identity",
        output="softmax",
        loss="log_likelihood",
        eta=1.0,
        batch_size=10,
        epochs=1,
        patience=None,
    )
    ours = load_splits(load_baseline("linear", ["seed=5", *SIZES]), Source(offline=True))
    for one, other in zip(load_splits(network, Source(offline=True)), ours, strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_mean_darkness_by_hand() -> None:
    means = np.array([0.8, 1.0, 0.0, 0.2], np.float32)
    training = Split(np.repeat(means[:, np.newaxis], 4, axis=1), np.array([7, 7, 1, 1]))
    baseline = load_baseline("mean_darkness")
    arrays = fit(baseline, training)
    assert arrays["darkness"].ravel() == pytest.approx([0.1, 0.9])
    questions = np.array([[0.5, 0.4, 0.4, 0.4], [0.6, 0.6, 0.6, 0.6]], np.float32)
    assert predict(baseline, arrays, training, questions).tolist() == [1, 7]


@pytest.mark.parametrize("method", BASELINES)
def test_the_arrays_hold_no_objects(splits: tuple[Split, Split], method: BaselineName) -> None:
    arrays = fit(load_baseline(method), splits[0])
    assert arrays
    assert not any(array.dtype.hasobject for array in arrays.values())


@pytest.mark.parametrize("method", ["nearest_neighbours", "svm_rbf"])
def test_too_few_examples_are_the_users_mistake(splits: tuple[Split, Split], method: BaselineName) -> None:
    one = Split(splits[0].inputs[:1], splits[0].labels[:1])
    with pytest.raises(UsageError, match=f"cannot fit {method} to 1 examples"):
        fit(load_baseline(method), one)


def test_without_scikit_learn_the_error_says_how_to_get_it(
    splits: tuple[Split, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(NnlabError, match=r"pip install 'nnlab\[baselines\]'"):
        fit(load_baseline("linear"), splits[0])


@pytest.mark.parametrize("method", ["nearest_neighbours", "svm_rbf"])
def test_predicting_without_scikit_learn_says_so_too(
    splits: tuple[Split, Split], monkeypatch: pytest.MonkeyPatch, method: BaselineName
) -> None:
    training, validation = splits
    baseline = load_baseline(method)
    arrays = fit(baseline, training)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(NnlabError, match=r"pip install 'nnlab\[baselines\]'"):
        predict(baseline, arrays, training, validation.inputs)


@pytest.mark.parametrize(
    ("method", "name", "damage"),
    [
        ("nearest_neighbours", "examples", lambda a: a + 0.5),
        ("linear", "weights", lambda a: a[:3]),
        ("linear", "weights", lambda a: a * np.nan),
        ("linear", "weights", lambda a: a.astype(str)),
        ("linear", "biases", lambda a: a[0]),  # would be stretched over all classes
        ("mean_darkness", "classes", lambda a: a + 99),
        ("mean_darkness", "classes", lambda a: a - 5),
        ("mean_darkness", "classes", lambda a: a.astype(str)),
        ("mean_darkness", "darkness", lambda a: a[np.newaxis]),
        ("svm_rbf", "classes", lambda a: a + 99),
        ("svm_rbf", "support", lambda a: -1 - a),  # would be rows from the end
        ("svm_rbf", "support", lambda a: a[::-1]),
        ("svm_rbf", "support", lambda a: a + 10**6),
        ("svm_rbf", "support_of_class", lambda a: a // 2),
        ("svm_rbf", "dual", lambda a: a[:, :5]),
        ("svm_rbf", "dual", lambda a: a * np.nan),
        ("svm_rbf", "intercepts", lambda a: a[:-1]),
    ],
)
def test_damaged_arrays_predict_nothing(
    splits: tuple[Split, Split],
    method: BaselineName,
    name: str,
    damage: Callable[[NDArray[Any]], NDArray[Any]],
) -> None:
    training, validation = splits
    baseline = load_baseline(method)
    arrays = fit(baseline, training)
    with pytest.raises(ValueError, match=r"is (\w|<)+ \(|not finite|its (classes|support vectors) are not"):
        predict(baseline, arrays | {name: damage(arrays[name])}, training, validation.inputs)
    with pytest.raises(KeyError, match=name):
        predict(baseline, {key: arrays[key] for key in arrays if key != name}, training, validation.inputs)


def test_neighbours_and_an_rbf_kernel_learn_a_step_function() -> None:
    rng = np.random.default_rng(0)
    x, questions = (rng.random((examples, 1)) for examples in (200, 1000))
    # As many classes as levels: which step a point is on.
    of, answers = (np.searchsorted(jumps(4), each[:, 0], side="right") for each in (x, questions))
    for baseline in (load_baseline("nearest_neighbours"), load_baseline("svm_rbf", ["gamma=1000.0"])):
        training = Split(x, of)
        labels = predict(baseline, fit(baseline, training), training, questions)
        assert (labels == answers).mean() > 0.95


def test_the_rbf_kernel_is_a_normal_density_but_for_its_height() -> None:
    sigma, gamma = 2.5, 1 / (2 * 2.5**2)
    u, v = np.random.default_rng(0).normal(size=(2, 5, 3))
    density = np.exp(-((u[:, np.newaxis] - v) ** 2).sum(axis=2) / (2 * sigma**2))
    height = (2 * np.pi * sigma**2) ** (-3 / 2)  # of equation (2), the same for all u and v
    np.testing.assert_allclose(height * rbf_kernel(u, v, gamma=gamma), height * density, rtol=1e-12)
