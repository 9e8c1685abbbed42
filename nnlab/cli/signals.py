"""SIGINT and SIGTERM: raised as an exception, or deferred; in the end they terminate the process."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from nnlab.signals import deferred, handled_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The process was asked to stop by `signal`."""

    def __init__(self, number: int) -> None:
        """Keep the number of the signal."""
        super().__init__(number)
        self.signal = number


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Let a signal raise `Interrupted` at any point of the block."""

    def raise_it(number: int, _: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    with handled_by(raise_it, *SIGNALS):
        yield


@contextmanager
def defer_signals() -> Iterator[Callable[[], bool]]:
    """Defer the first signal to the end of the block, where it raises `Interrupted`.

    Yields a function that returns whether a signal was received. A second signal kills at once.
    """
    with deferred(*SIGNALS, second=signal.SIG_DFL) as received:
        yield lambda: received() is not None
    if (number := received()) is not None:
        raise Interrupted(number)


@contextmanager
def let_signals_kill() -> Iterator[None]:
    """Let a signal kill the process at once: a long computation in a library cannot be asked to stop."""
    with handled_by(signal.SIG_DFL, *SIGNALS):
        yield


def can_start_threads() -> bool:
    """Return whether the system lets this process start another thread."""
    thread = threading.Thread(target=lambda: None)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def exit_by_signal(number: int) -> NoReturn:
    """End the process as the signal would have, so that a shell loop around it ends too."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # for systems where the signal does not kill
