"""A team of threads that share the work of large steps."""

from __future__ import annotations

from collections import deque
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Task

# The tasks that nobody has begun, and the outcomes of the others.
_Job: TypeAlias = "tuple[deque[Task], SimpleQueue[BaseException | None]]"


class Team:
    """The thread that owns it, and its helpers, which start when there is something to share.

    Threads suffice, because NumPy releases the interpreter's lock while it computes. Each takes the next task
    as soon as it is free, so a helper whose core is busy delays the others by one task at most.
    """

    def __init__(self, threads: int = 1) -> None:
        """Take `threads` threads, the calling one included."""
        self.threads = threads
        self._helpers: list[Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()  # None: the end

    def share(self, tasks: Sequence[Task]) -> None:
        """Run `tasks`, in any order, and return when all are done. Raises the error of one that fails."""
        waiting, outcomes = job = deque(tasks), SimpleQueue[BaseException | None]()
        try:
            for _ in range(self._helpers_for(tasks)):
                self._jobs.put(job)
            _work(waiting, outcomes)
            errors = [outcomes.get() for _ in tasks]
        finally:
            waiting.clear()  # after Ctrl-C, nobody begins another task
        for error in errors:
            if error is not None:
                raise error

    def disband(self) -> None:
        """End the helpers."""
        for _ in self._helpers:
            self._jobs.put(None)
        for helper in self._helpers:
            helper.join()
        self._helpers.clear()

    def _helpers_for(self, tasks: Sequence[Task]) -> int:
        """Return how many helpers may run one of the `tasks` while this thread runs another."""
        wanted = min(self.threads, len(tasks)) - 1
        while len(self._helpers) < wanted:
            # A context of its own, so that a helper treats overflows as the thread does that started it.
            helper = Thread(target=copy_context().run, args=(self._help,), name="nnlab-team", daemon=True)
            try:
                helper.start()
            except RuntimeError:  # the system allows no more threads
                break
            self._helpers.append(helper)
        return min(wanted, len(self._helpers))

    def _help(self) -> None:
        while job := self._jobs.get():
            _work(*job)


def _work(waiting: deque[Task], outcomes: SimpleQueue[BaseException | None]) -> None:
    """Run tasks until none is waiting; the outcome of each is its error, or None."""
    while True:
        try:
            task = waiting.popleft()
        except IndexError:  # the others have taken them all
            return
        try:
            task()
            outcomes.put(None)
        except BaseException as error:  # noqa: BLE001 (raised by the thread that shares)
            outcomes.put(error)
