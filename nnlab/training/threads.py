"""How many threads the matrix products use: a fixed rule, since the number changes the last bits."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

from nnlab.network import number_of_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.config import Experiment

# Below so many multiplications a step, a second thread gains little, and loses much when its core is busy.
MIN_MULTIPLICATIONS = 150_000_000


class _Limit:
    """The number of threads that BLAS is held to, and who holds it: a process has only one such number."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.changed = threading.Condition()
        self.holders: Counter[int] = Counter()  # blocks that are entered, by the thread of Python
        self.threads = 0
        self.available = 0  # without the limit

    @contextmanager
    def held(self, threads: int) -> Iterator[None]:
        """Hold BLAS to `threads` in the block, and wait for others, unless it is one thread for all."""
        me = threading.get_ident()
        with self.changed:
            self.changed.wait_for(
                lambda: not self.holders or me in self.holders or threads == self.threads == 1
            )
            if not self.holders:
                self.available = _threads_of_blas()
                self.threads = threads
            if me not in self.holders:
                _take_control()
                limits = threadpool_limits(self.threads, user_api="blas")
                if not self.holders:
                    self.limits = limits
            self.holders[me] += 1
        try:
            yield
        finally:
            with self.changed:
                self.holders -= Counter([me])
                if not self.holders:
                    _take_control()
                    self.limits.restore_original_limits()
                    self.changed.notify_all()


_LIMIT = _Limit()


def computing_with(threads: int) -> AbstractContextManager[None]:
    """Let matrix products take that many threads in the block.

    Any number of blocks may compute at once with one thread each. A block with several threads computes
    alone: how BLAS shared them out among several blocks would change the last bits. A block within another
    computes with the number of the outer one.
    """
    return _LIMIT.held(threads)


def available_threads() -> int:
    """Return as many threads as the BLAS library would take, whatever it is held to at the moment."""
    with _LIMIT.changed:
        return _LIMIT.available if _LIMIT.holders else _threads_of_blas()


def _take_control() -> None:
    """Let this thread limit BLAS: of several threads, threadpoolctl would heed only the first."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)  # of version 3.7 and later
    if clear is not None:
        clear(force=True)


def _threads_of_blas() -> int:
    return max((lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"), default=1)


def number_of_threads(experiment: Experiment, train_examples: int) -> int:
    """Return 1 for small steps, else as many threads as the BLAS library would take."""
    batch_size = train_examples if experiment.batch_size == "full" else experiment.batch_size
    # Each weight takes part in three products: forward, the gradient, and the error sent back.
    if 3 * batch_size * number_of_weights(experiment.architecture) < MIN_MULTIPLICATIONS:
        return 1
    return available_threads()
