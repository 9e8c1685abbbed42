"""The program of a worker process: it makes the calls that arrive on its input, until that ends."""

from __future__ import annotations

import os
import queue
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from nnlab.sweeps.trial import stop


def main() -> None:
    """Make calls until the input ends, which also stops the trial that is running."""
    calls: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
    reader, writer = (Connection(os.dup(descriptor)) for descriptor in (0, 1))
    os.dup2(2, 1)  # nothing that a library prints may disturb the answers

    def read() -> None:
        with suppress(EOFError, OSError):
            while True:
                calls.put(reader.recv())
        stop()
        calls.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (call := calls.get()) is not None:
        function, args, kwargs = call
        try:
            answer = True, function(*args, **kwargs)
        except Exception:  # noqa: BLE001 (it belongs to the caller)
            answer = False, traceback.format_exc()
        with suppress(BrokenPipeError):
            writer.send(answer)
