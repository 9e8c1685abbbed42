"""The number of threads for matrix products: a fixed rule, because the number changes the last bits."""

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

# With fewer multiplications per step, a second thread gains little, and loses much if its core is busy.
MIN_MULTIPLICATIONS = 150_000_000


class _ThreadLimit:
    """The limit on the threads of BLAS, of which a process has only one, and who set it."""

    def __init__(self) -> None:
        """Set no limit."""
        self.changed = threading.Condition()
        self.holders: Counter[int] = Counter()  # the number of blocks that each thread of Python has entered
        self.threads = 0
        self.available = 0  # the number of threads without a limit

    @contextmanager
    def applied(self, threads: int) -> Iterator[None]:
        """Limit BLAS to `threads` in the block; first wait for other limits, unless all are one thread."""
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


_LIMIT = _ThreadLimit()


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
        return _LIMIT.available if _LIMIT.holders else _threads_of_blas()


def _take_control() -> None:
    """Let this thread limit BLAS; otherwise threadpoolctl would obey only the first thread that did."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)  # since version 3.7
    if clear is not None:
        clear(force=True)


def _threads_of_blas() -> int:
    return max((lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"), default=1)


def number_of_threads(experiment: Experiment, train_examples: int) -> int:
    """Return 1 for small steps, else the number of threads that BLAS would use."""
    batch_size = train_examples if experiment.batch_size == "full" else experiment.batch_size
    # Each weight takes part in three products: the forward pass, the gradient and the error sent back.
    if 3 * batch_size * number_of_weights(experiment.architecture) < MIN_MULTIPLICATIONS:
        return 1
    return available_threads()
