from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnlab.training import number_of_threads, threads

if TYPE_CHECKING:
    from .conftest import BuildExperiment


@pytest.fixture(autouse=True)
def _two_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = [{"user_api": "blas", "num_threads": 6}, {"user_api": "openmp", "num_threads": 64}]
    monkeypatch.setattr(threads, "threadpool_info", lambda: libraries)


# 1,000 weights, three products: a batch of 1,000 is the first with 3,000,000 multiplications.
@pytest.mark.parametrize(
    ("batch_size", "train_examples", "expected"),
    [(64, 5000, 1), (999, 5000, 1), (1000, 5000, 6), ("full", 5000, 6), ("full", 999, 1)],
)
def test_a_second_thread_joins_only_where_a_step_is_worth_it(
    batch_size: int | str,
    train_examples: int,
    expected: int,
    experiment: BuildExperiment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "MIN_MULTIPLICATIONS", 3_000_000)
    wide = experiment(architecture=(90, 10, 10), batch_size=batch_size)
    assert number_of_threads(wide, train_examples) == expected


def test_mini_batches_on_mnist_take_one_thread_and_a_full_batch_all(
    experiment: BuildExperiment,
) -> None:
    shape = (784, 128, 10)
    assert number_of_threads(experiment(architecture=shape, batch_size=64), 50_000) == 1
    assert number_of_threads(experiment(architecture=shape, batch_size="full"), 50_000) == 6


def test_one_thread_where_no_blas_library_is_known(
    experiment: BuildExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "threadpool_info", list)
    assert number_of_threads(experiment(architecture=(784, 1000, 10), batch_size=10_000), 50_000) == 1
