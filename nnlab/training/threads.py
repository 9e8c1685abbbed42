"""The number of threads that compute: by the size of a step. The results do not depend on it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING

from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

from nnlab.errors import UsageError
from nnlab.network import number_of_weights
from nnlab.training.team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.config import Experiment

# With fewer multiplications per step, a second thread gains little, and loses much if its core is busy.
MIN_MULTIPLICATIONS = 150_000_000

MOST_THREADS = 4096


def checked_threads(threads: int | None) -> int | None:
    """Return `threads` if it is a possible number, or None. Raises `UsageError` otherwise."""
    if threads is None:
        return None
    is_number = isinstance(threads, Integral) and not isinstance(threads, bool)  # also NumPy's integers
    if not is_number or not 1 <= threads <= MOST_THREADS:
        raise UsageError(f"threads must be a whole number from 1 to {MOST_THREADS} (given {threads!r})")
    return int(threads)


class _OneThread:
    """Holds the matrix libraries at one thread each while anybody computes.

    Their own threads would change the last bits of the results, and get slow where a core is busy.
    """

    def __init__(self) -> None:
        """Set no limit."""
        self.lock = threading.Lock()
        self.holders = 0
        self.available = 0  # the number of threads without the limit
        self.limits: list[threadpool_limits] = []  # the one of the first holder, and later ones

    @contextmanager
    def held(self) -> Iterator[None]:
        """Apply the limit in the block, also to libraries that were loaded since the last one began."""
        with self.lock:
            if not self.holders:
                self.lift()  # what a forked process may have inherited
                self.available = _threads_of_blas()
            _take_control()
            self.limits.append(threadpool_limits(1, user_api="blas"))
            self.holders += 1
        try:
            yield
        finally:
            with self.lock:
                self.holders = max(0, self.holders - 1)
                if not self.holders:
                    self.lift()

    def lift(self) -> None:
        """Restore the numbers of threads that the libraries had before."""
        while self.limits:
            _take_control()
            self.limits.pop().restore_original_limits()

    def forget_threads(self) -> None:
        """Forget all holders: in a forked process, only the thread that forked exists."""
        self.lock = threading.Lock()
        self.holders = 0


_ONE_THREAD = _OneThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ONE_THREAD.forget_threads)


@contextmanager
def computing_with(threads: int) -> Iterator[Team]:
    """Return a team of this number of threads for the block, with one thread for each matrix product."""
    team = Team(threads)
    with _ONE_THREAD.held():
        try:
            yield team
        finally:
            team.disband()


def available_threads() -> int:
    """Return the number of threads that the matrix library would use without a limit."""
    with _ONE_THREAD.lock:
        if _ONE_THREAD.holders:
            return _ONE_THREAD.available
        _ONE_THREAD.lift()
        return _threads_of_blas()


def _take_control() -> None:
    """Let this thread limit BLAS; otherwise threadpoolctl would obey only the first thread that did."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)  # since version 3.7
    if clear is not None:
        clear(force=True)


def _threads_of_blas() -> int:
    return max((lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"), default=1)


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def number_of_threads(experiment: Experiment, train_examples: int) -> int:
    """Return 1 for small steps, else the number of threads that the matrix library would use."""
    batch_size = train_examples if experiment.batch_size == "full" else experiment.batch_size
    # Each weight takes part in three products: the forward pass, the gradient and the error sent back.
    multiplications = 3 * batch_size * number_of_weights(experiment.architecture)
    return available_threads() if multiplications >= MIN_MULTIPLICATIONS else 1


def number_of_workers(experiment: Experiment) -> int:
    """Return how many further threads augment images: 1 if there is a core for it, else 0."""
    return int(experiment.augmentation is not None and available_cores() > 1)
