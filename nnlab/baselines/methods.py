"""The baseline methods: fitted by scikit-learn, stored as plain arrays, which are enough to predict."""
# ruff: noqa: PLC0415 - scikit-learn is an extra, and slow to import

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nnlab.config import Linear, MeanDarkness, NearestNeighbours, SvmRbf
from nnlab.datasets import DATASETS
from nnlab.errors import NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.config import Baseline
    from nnlab.datasets import Split

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
Labels: TypeAlias = npt.NDArray[np.intp]
Inputs: TypeAlias = npt.NDArray[np.floating[Any]]

CHUNK = 1000  # examples per block: their kernel with all support vectors has to fit in memory


def load_libraries(baseline: Baseline, *, to_fit: bool) -> None:
    """Import what `fit` or `predict` needs, so that a limit on threads holds for its libraries too.

    Raises `NnlabError` if scikit-learn is needed and not installed.
    """
    if to_fit or isinstance(baseline, NearestNeighbours | SvmRbf):
        _need_scikit_learn()


def fit(baseline: Baseline, training: Split) -> Arrays:
    """Fit the method to the training examples; return all that it has learnt besides those examples.

    Raises `UsageError` for too few examples, `NnlabError` if scikit-learn is not installed.
    """
    _need_scikit_learn()
    try:
        return _METHODS[type(baseline)][0](baseline, training)
    except ValueError as error:  # too few examples; the error says how many it needs
        raise UsageError(
            f"cannot fit {baseline.baseline} to {len(training.labels)} examples: {error}"
        ) from error


def predict(baseline: Baseline, arrays: Arrays, training: Split, inputs: Inputs) -> Labels:
    """Return the classes of `inputs` (examples, features), by the `arrays` that were fitted to `training`.

    Raises `KeyError` or `ValueError` for arrays that `fit` cannot have returned, `NnlabError` if the method
    needs scikit-learn and it is not installed.
    """
    return _METHODS[type(baseline)][1](baseline, arrays, training, inputs)


def _need_scikit_learn() -> None:
    try:
        import sklearn  # noqa: F401 (to distinguish a missing extra from a bug)
    except ImportError:
        raise NnlabError(
            "baselines need scikit-learn; install it with: pip install 'nnlab[baselines]'"
        ) from None


def _check(arrays: Arrays, **expected: tuple[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless each array has the expected kind (i: integers, f: floats) and is finite.

    The shape has to match too: NumPy would broadcast many wrong shapes, and the figures would be wrong.
    """
    for name, (kind, shape) in expected.items():
        found = arrays[name]
        if found.dtype.kind != kind or found.shape != shape:
            wanted = {"i": "integers", "f": "floats"}[kind]
            raise ValueError(f"{name} is {found.dtype} {found.shape}, not {wanted} {shape}")
        if kind == "f" and not np.isfinite(found).all():
            raise ValueError(f"{name} has numbers that are not finite")


def _check_classes(arrays: Arrays, training: Split) -> None:
    """Raise `ValueError` unless the classes are those of the training examples."""
    classes = np.unique(training.labels)
    _check(arrays, classes=("i", classes.shape))
    if not np.array_equal(arrays["classes"], classes):
        raise ValueError("its classes are not those of the training examples")


def _check_svm(arrays: Arrays, training: Split) -> None:
    """Raise `ValueError` unless the support vectors are training examples, class by class."""
    _check_classes(arrays, training)
    classes, support, counts = (arrays[name] for name in ("classes", "support", "support_of_class"))
    _check(
        arrays,
        support=("i", (support.size,)),
        support_of_class=("i", classes.shape),
        dual=("f", (len(classes) - 1, support.size)),
        intercepts=("f", (len(classes) * (len(classes) - 1) // 2,)),
    )
    if (
        ((support < 0) | (support >= len(training.labels))).any()
        or (counts < 0).any()
        or counts.sum() != support.size
        or not np.array_equal(training.labels[support], np.repeat(classes, counts))
    ):
        raise ValueError("its support vectors are not those training examples, class by class")


def _fit_nearest_neighbours(baseline: NearestNeighbours, training: Split) -> Arrays:
    if baseline.neighbours > len(training.labels):
        raise ValueError(f"neighbours is {baseline.neighbours}")
    return {"examples": np.array(len(training.labels))}  # the examples themselves are what it has learnt


def _nearest_neighbours(
    baseline: NearestNeighbours, arrays: Arrays, training: Split, inputs: Inputs
) -> Labels:
    _need_scikit_learn()
    from sklearn.neighbors import KNeighborsClassifier

    _check(arrays, examples=("i", ()))
    if int(arrays["examples"]) != len(training.labels):
        raise ValueError(f"fitted to {arrays['examples']} examples, not to {len(training.labels)}")
    method = KNeighborsClassifier(baseline.neighbours, algorithm="brute")
    labels: Labels = method.fit(training.inputs, training.labels).predict(inputs)
    return labels


def _fit_svm_rbf(baseline: SvmRbf, training: Split) -> Arrays:
    from sklearn.svm import SVC

    method = SVC(C=baseline.penalty, gamma=baseline.gamma, cache_size=1000)
    method.fit(training.inputs, training.labels)
    return {
        "classes": method.classes_,
        "support": method.support_,  # rows of the training examples
        "support_of_class": method.n_support_,
        "dual": method.dual_coef_,
        "intercepts": method.intercept_,
    }


def _svm_rbf(baseline: SvmRbf, arrays: Arrays, training: Split, inputs: Inputs) -> Labels:
    """Return the class with the most votes of pairwise classifiers; the earlier wins a tie, as in LIBSVM."""
    _need_scikit_learn()
    from sklearn.metrics.pairwise import rbf_kernel

    _check_svm(arrays, training)
    classes, dual, intercepts = (arrays[name] for name in ("classes", "dual", "intercepts"))
    vectors = training.inputs[arrays["support"]].astype(np.float64)
    ends = np.cumsum(arrays["support_of_class"])
    of_class = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    # For two classes, scikit-learn takes the second as positive; for more, the earlier of each pair.
    sign = -1 if len(classes) == 2 else 1  # noqa: PLR2004 (the number of classes, as above)
    votes = np.zeros((len(inputs), len(classes)), int)
    for start in range(0, len(inputs), CHUNK):
        rows = slice(start, start + CHUNK)
        kernel = rbf_kernel(inputs[rows].astype(np.float64), vectors, gamma=baseline.gamma)
        for (i, j), intercept in zip(combinations(range(len(classes)), 2), intercepts, strict=True):
            one, other = of_class[i], of_class[j]
            side = kernel[:, one] @ dual[j - 1, one] + kernel[:, other] @ dual[i, other] + intercept
            is_one = sign * side > 0
            votes[rows, i] += is_one
            votes[rows, j] += ~is_one
    labels: Labels = classes[votes.argmax(axis=1)]
    return labels


def _fit_linear(baseline: Linear, training: Split) -> Arrays:
    from sklearn.linear_model import Ridge

    targets = np.eye(len(DATASETS[baseline.dataset].classes))[training.labels]
    method = Ridge(alpha=baseline.ridge).fit(training.inputs, targets)
    return {"weights": method.coef_, "biases": method.intercept_}


def _linear(baseline: Linear, arrays: Arrays, _: Split, inputs: Inputs) -> Labels:
    classes = len(DATASETS[baseline.dataset].classes)
    _check(arrays, weights=("f", (classes, inputs.shape[1])), biases=("f", (classes,)))
    scores = inputs @ arrays["weights"].T + arrays["biases"]
    labels: Labels = scores.argmax(axis=1)
    return labels


def _fit_mean_darkness(_: MeanDarkness, training: Split) -> Arrays:
    from sklearn.neighbors import NearestCentroid

    method = NearestCentroid().fit(_darkness(training.inputs), training.labels)
    return {"classes": method.classes_, "darkness": method.centroids_}


def _mean_darkness(_: MeanDarkness, arrays: Arrays, training: Split, inputs: Inputs) -> Labels:
    _check_classes(arrays, training)
    _check(arrays, darkness=("f", (len(arrays["classes"]), 1)))
    distances = np.abs(_darkness(inputs) - arrays["darkness"].T)
    labels: Labels = arrays["classes"][distances.argmin(axis=1)]
    return labels


def _darkness(inputs: Inputs) -> Inputs:
    """Return the mean pixel of each image, (examples, 1)."""
    darkness: Inputs = inputs.mean(axis=1, keepdims=True, dtype=np.float64)
    return darkness


_METHODS: dict[type[Baseline], tuple[Callable[..., Arrays], Callable[..., Labels]]] = {
    NearestNeighbours: (_fit_nearest_neighbours, _nearest_neighbours),
    SvmRbf: (_fit_svm_rbf, _svm_rbf),
    Linear: (_fit_linear, _linear),
    MeanDarkness: (_fit_mean_darkness, _mean_darkness),
}
