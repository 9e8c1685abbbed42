"""The number of threads for matrix products: a fixed rule, because the number changes the last bits."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import AbstractContextManager, contextmanager
from numbers import Integral
from typing import TYPE_CHECKING

from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

from nnlab.errors import UsageError
from nnlab.network import number_of_weights

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


class _ThreadLimit:
    """The limit on the threads of BLAS, of which a process has only one, and who set it."""

    def __init__(self) -> None:
        """Set no limit."""
        self.changed = threading.Condition()
        self.holders: Counter[int] = Counter()  # the number of blocks that each thread of Python has entered
        self.threads = 0
        self.available = 0  # the number of threads without a limit
        self.limits: threadpool_limits | None = None  # lifted when no block needs it

    @contextmanager
    def applied(self, threads: int) -> Iterator[None]:
        """Limit BLAS to `threads` in the block; first wait for other limits, unless all are one thread."""
        me = threading.get_ident()
        has_entered = False
        try:
            with self.changed:
                self.changed.wait_for(
                    lambda: not self.holders or me in self.holders or threads == self.threads == 1
                )
                if not self.holders:
                    self.lift()
                    self.available = _threads_of_blas()
                    self.threads = threads
                if me not in self.holders:
                    _take_control()
                    limits = threadpool_limits(self.threads, user_api="blas")
                    self.limits = self.limits or limits
                has_entered = True
                self.holders[me] += 1
            yield
        finally:
            with self.changed:
                if has_entered:
                    self.holders -= Counter([me])
                if not self.holders:
                    self.lift()
                    self.changed.notify_all()

    def lift(self) -> None:
        """Restore the number of threads that BLAS had before."""
        if self.limits is not None:
            _take_control()
            self.limits.restore_original_limits()
            self.limits = None

    def forget_threads(self) -> None:
        """Forget all holders: in a forked process, only the thread that forked exists."""
        self.changed = threading.Condition()
        self.holders.clear()


_LIMIT = _ThreadLimit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LIMIT.forget_threads)


def computing_with(threads: int) -> AbstractContextManager[None]:
    """Let matrix products use this number of threads in the block.

    Any number of blocks with one thread each may compute at the same time. A block with several threads
    computes alone, because the way BLAS divides threads between blocks would change the last bits. A nested
    block uses the number of the outer one.
    """
    return _LIMIT.applied(threads)


def available_threads() -> int:
    """Return the number of threads that BLAS would use without a limit."""
    with _LIMIT.changed:
        if not _LIMIT.holders:
            _LIMIT.lift()
            return _threads_of_blas()
        return _LIMIT.available


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
    """Return 1 for small steps, else the number of threads that BLAS would use.

    One core is left to the augmentation of images, unless that takes little time.
    """
    batch_size = train_examples if experiment.batch_size == "full" else experiment.batch_size
    # Each weight takes part in three products: the forward pass, the gradient and the error sent back.
    if 3 * batch_size * number_of_weights(experiment.architecture) < MIN_MULTIPLICATIONS:
        return 1
    return max(1, available_threads() - _interpolates(experiment))


def number_of_workers(experiment: Experiment) -> int:
    """Return how many threads augment images besides the one that trains: 1 if it pays, else 0."""
    return int(_interpolates(experiment) and available_cores() > 1)


def _interpolates(experiment: Experiment) -> bool:
    """Return whether images are interpolated, which takes a good part of a core."""
    return experiment.augmentation is not None and not experiment.augmentation.is_shift
