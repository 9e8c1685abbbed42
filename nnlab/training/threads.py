"""How many threads the matrix products use: a fixed rule, since the number changes the last bits."""

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

# Below so many multiplications a step, a second thread gains little, and loses much when its core is busy.
MIN_MULTIPLICATIONS = 150_000_000


MOST_THREADS = 4096


def checked_threads(threads: int | None) -> int | None:
    """Return a number of threads; None leaves it to a rule. Raises `UsageError` for what cannot be one."""
    if threads is None:
        return None
    is_number = isinstance(threads, Integral) and not isinstance(threads, bool)  # of NumPy, too
    if not is_number or not 1 <= threads <= MOST_THREADS:
        raise UsageError(f"threads must be a whole number from 1 to {MOST_THREADS} (given {threads!r})")
    return int(threads)


class _Limit:
    """The number of threads that BLAS is held to, and who holds it: a process has only one such number."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.changed = threading.Condition()
        self.holders: Counter[int] = Counter()  # blocks that are entered, by the thread of Python
        self.threads = 0
        self.available = 0  # without the limit
        self.limits: threadpool_limits | None = None  # to be lifted when nobody holds it any more

    @contextmanager
    def held(self, threads: int) -> Iterator[None]:
        """Hold BLAS to `threads` in the block, and wait for others, unless it is one thread for all."""
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
        """Give BLAS back the threads that it had before."""
        if self.limits is not None:
            _take_control()
            self.limits.restore_original_limits()
            self.limits = None

    def forget_threads(self) -> None:
        """Forget who holds it: in a forked process there is only the thread that forked."""
        self.changed = threading.Condition()
        self.holders.clear()


_LIMIT = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LIMIT.forget_threads)


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
        if not _LIMIT.holders:
            _LIMIT.lift()
            return _threads_of_blas()
        return _LIMIT.available


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
