"""Computes in other threads what is needed next."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def ahead(tasks: Iterable[Callable[[], T]], *, workers: int) -> Iterator[T]:
    """Yield the result of each task, in order; `workers` threads compute ahead of what is asked for.

    Without workers, or if the system allows no more threads, a task runs when its result is asked for.
    Threads suffice, because NumPy releases the interpreter's lock while it computes.
    """
    pool = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="nnlab-ahead")
    waiting: deque[Callable[[], T]] = deque()
    try:
        for task in tasks:
            waiting.append(_begun(pool, task) if workers else task)
            if len(waiting) > workers:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()
    finally:
        pool.shutdown(cancel_futures=True)


def _begun(pool: ThreadPoolExecutor, task: Callable[[], T]) -> Callable[[], T]:
    """Let the pool run `task`, and return a function that waits for its result."""
    try:
        return pool.submit(task).result
    except RuntimeError:  # no thread can be started
        return task
