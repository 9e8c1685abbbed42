"""How many threads the matrix products use: a fixed rule, since the number changes the last bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadpoolctl import threadpool_info

from nnlab.network import number_of_weights

if TYPE_CHECKING:
    from nnlab.config import Experiment

# Below so many multiplications a step, a second thread gains little, and loses much when its core is busy.
WORTH_A_THREAD = 150_000_000


def available_threads() -> int:
    """Return as many threads as the BLAS library would take."""
    return max((lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"), default=1)


def number_of_threads(experiment: Experiment, train_examples: int) -> int:
    """Return 1 for small steps, else as many threads as the BLAS library would take."""
    batch_size = train_examples if experiment.batch_size == "full" else experiment.batch_size
    # Each weight takes part in three products: forward, the gradient, and the error sent back.
    if 3 * batch_size * number_of_weights(experiment.architecture) < WORTH_A_THREAD:
        return 1
    return available_threads()
