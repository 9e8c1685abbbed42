"""Context managers that change how signals are handled within a block."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

    Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None


@contextmanager
def handled_by(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Let `handler` handle these signals in the block, except those that are already ignored.

    A shell starts its background jobs so that they ignore Ctrl-C.
    """
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def deferred(*numbers: signal.Signals, second: Handler = None) -> Iterator[Callable[[], int | None]]:
    """Defer these signals: yield a function that returns the first one received, or None.

    A second one is handled by `second`, by default as before the block. Outside the main thread, which
    receives no signals, the block has no effect.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in numbers}

    def hold(number: int, _: FrameType | None) -> None:
        received.append(number)
        for each, old in before.items():
            if old not in (signal.SIG_IGN, None):
                signal.signal(each, old if second is None else second)

    with handled_by(hold, *numbers):
        yield lambda: received[0] if received else None


@contextmanager
def deferred_from_call(
    deferred: Callable[[], AbstractContextManager[Callable[[], object]]],
) -> Iterator[tuple[Callable[[], None], Callable[[], bool]]]:
    """Yield a function after whose call signals are `deferred`, and one that tells whether one came."""
    with ExitStack() as stack:
        received: Callable[[], object] | None = None

        def defer() -> None:
            nonlocal received
            received = stack.enter_context(deferred())

        def is_received() -> bool:
            return received is not None and bool(received())

        yield defer, is_received
