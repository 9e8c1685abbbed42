"""Workers on this machine: processes that are started afresh, each with one thread of BLAS.

They are started by `subprocess` rather than `multiprocessing`, which would run the script of a user again in
each. The end of a worker's input asks it to stop. So the workers of a sweep that was killed stop as well.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import IO, TYPE_CHECKING, Any

from nnlab.runs import records
from nnlab.runs.summary import Summary
from nnlab.sweeps.trial import perform
from nnlab.sweeps.workers import Progress, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nnlab.runs.run import Run

# Read by the matrix libraries when NumPy loads them.
ONE_THREAD = dict.fromkeys(
    (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
_MAIN = "import sys; sys.path[:] = sys.argv[1:]; from nnlab.sweeps.process import main; main()"
_TAIL = 4000  # bytes of a dead worker's stderr that are kept


class WorkerDiedError(Exception):
    """A worker process ended during a call; the message says how, and what it wrote to stderr."""


@contextmanager
def local_workers(jobs: int) -> Iterator[Workers]:
    """Yield `jobs` workers on this machine. At the end of the block, their processes have ended."""
    pool = ProcessPool(jobs)
    try:
        yield Workers(
            token="",  # nobody else uses them
            executor=pool,
            perform=perform,
            slots=lambda: jobs,
            stop=pool.stop,
            kill=pool.kill,
            progress=_progress,
            died=(WorkerDiedError,),
            shares_files=True,
        )
    finally:
        pool.kill()
        pool.shutdown()


def _progress(run: Run) -> Progress | None:
    """Return how far the training of `run` is, from its folder."""
    summary = records.read_or_none(run.summary_json, Summary)
    if summary is None or not summary.epochs:
        return None
    return Progress(summary.epochs, summary.val_loss, summary.val_accuracy)


class ProcessPool(Executor):
    """An executor whose calls run in processes. If one dies, only its own call fails, and it is replaced."""

    def __init__(self, jobs: int) -> None:
        """Prepare `jobs` processes; each is started with its first call."""
        self._calls: queue.SimpleQueue[tuple[Future[Any], tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._processes: list[_Process] = []
        self._is_stopped = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Call `fn` in a process, and return the future of its result."""
        future: Future[Any] = Future()
        self._calls.put((future, (fn, args, kwargs)))
        return future

    def stop(self) -> None:
        """Ask all processes to stop, by the end of their input. Calls that have not begun fail."""
        with self._lock:
            self._is_stopped = True
            for process in self._processes:
                process.close_input()

    def kill(self) -> None:
        """End all processes at once."""
        self.stop()
        with self._lock:
            for process in self._processes:
                process.popen.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002
        """Let the processes end when all calls are done."""
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _serve(self) -> None:
        """Make calls in one process, and in another if it dies."""
        process: _Process | None = None
        while (item := self._calls.get()) is not None:
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                process = process or self._started()
                succeeded, result = process.call(call)
            except (EOFError, OSError) as error:
                how = str(error) if process is None else process.end()
                future.set_exception(WorkerDiedError(how))
                self._forget(process)
                process = None
            else:
                if succeeded:
                    future.set_result(result)
                else:
                    future.set_exception(RuntimeError(result))
        if process is not None:
            process.end()
            self._forget(process)

    def _started(self) -> _Process:
        with self._lock:
            if self._is_stopped:
                raise EOFError
            process = _Process()
            self._processes.append(process)
        return process

    def _forget(self, process: _Process | None) -> None:
        with self._lock:
            if process is not None:
                self._processes.remove(process)


class _Process:
    """A worker process, its two ends, and what it writes to stderr."""

    def __init__(self) -> None:
        """Start the process. Raises `OSError`."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        its_input, our_output = os.pipe()
        our_input, its_output = os.pipe()
        self._sender = Connection(our_output, readable=False)
        self._receiver = Connection(our_input, writable=False)
        try:
            with _signals_blocked():
                self.popen = subprocess.Popen(  # noqa: S603 (it runs this very program)
                    [sys.executable, "-c", _MAIN, *sys.path],
                    stdin=its_input,
                    stdout=its_output,
                    stderr=self._errors,
                    env=os.environ | ONE_THREAD,
                )
        finally:
            os.close(its_input)
            os.close(its_output)

    def call(self, call: tuple[Any, ...]) -> tuple[bool, Any]:
        """Return whether a call succeeded, and its result or traceback. Raises `EOFError` and `OSError`."""
        self._sender.send(call)
        succeeded, result = self._receiver.recv()
        return succeeded, result

    def close_input(self) -> None:
        """Ask the process to stop, and to end after its call."""
        with suppress(OSError):
            self._sender.close()

    def end(self) -> str:
        """Wait until the process has ended, and return how it did."""
        self.close_input()
        with suppress(OSError):
            self._receiver.close()
        code = self.popen.wait()
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _TAIL))
        wrote = self._errors.read().decode(errors="replace")
        self._errors.close()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{how}\n{wrote}".strip()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let processes that are started in the block never receive Ctrl-C: the sweep itself stops them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
