"""Workers on a cluster of dask.distributed. They share no files with the one who started the sweep."""

from __future__ import annotations

import logging
import secrets
import warnings
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pkgutil import resolve_name
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

import nnlab
from nnlab.errors import NnlabError, UsageError
from nnlab.sweeps.trial import perform, stop
from nnlab.sweeps.workers import Progress, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnlab.sweeps.trial import Outcome, Task
    from nnlab.training import Epoch

TIMEOUT = 5  # seconds within which a scheduler has to answer, and to have a worker
COUNT_EVERY = 2.0  # seconds after which the workers are counted again
PATIENCE = 0.5  # seconds for a request that a busy scheduler may leave unanswered
TOPIC = "nnlab-sweep"
LOGGERS = ("asyncio", "distributed", "tornado")


@contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
    """Yield the workers of the cluster whose scheduler is at `address`, such as tcp://host:8786.

    Raises `UsageError` for a malformed address, and `NnlabError` if the scheduler cannot be reached, has no
    workers or one with another version of nnlab, or no longer answers later.
    """
    try:
        import distributed  # noqa: PLC0415 (an extra)
    except ImportError:
        raise NnlabError(
            "a cluster needs dask.distributed; install it with: pip install 'nnlab[cluster]'"
        ) from None
    with _silence(), _connected(address) as client:
        known = _checked(client, address)
        token = secrets.token_hex(8)
        reports: dict[str, Progress] = {}
        client.subscribe_topic(f"{TOPIC}-{token}", lambda event: _keep(reports, event))
        counted, slots = -COUNT_EVERY, 0

        def count_slots() -> int:
            nonlocal counted, slots, known
            if client.status != "running":
                raise NnlabError(
                    f"the scheduler at {address} no longer answers; finished trials are kept; "
                    "start it again, and repeat the sweep to train what is missing"
                )
            if monotonic() - counted >= COUNT_EVERY:
                counted = monotonic()
                with suppress(OSError):  # also a timeout; if the connection is lost, `status` says so
                    threads = client.nthreads(callback_timeout=PATIENCE)
                    slots = sum(threads.values())
                    known = known | _checked(client, address, [each for each in threads if each not in known])
            return slots

        def stop_trials() -> None:
            with suppress(OSError):
                client.run(stop, token, on_error="ignore", callback_timeout=PATIENCE)

        yield Workers(
            token=token,
            executor=client.get_executor(pure=False),
            perform=perform_and_report,
            slots=count_slots,
            stop=stop_trials,
            kill=lambda: None,  # without a client, the trials end after their epoch
            progress=lambda run: reports.get(run.name),
            died=(distributed.KilledWorker, CancelledError),
            shares_files=False,
        )


def perform_and_report(task: Task) -> Outcome:
    """Perform `task` on a worker of a cluster, and report its progress to the one who started the sweep."""
    import distributed  # noqa: PLC0415 (an extra)

    worker = distributed.get_worker()
    key = worker.get_current_task()

    def report(name: str, epoch: Epoch) -> None:
        state = worker.state.tasks.get(key)
        if state is None or state.state == "cancelled":
            raise RuntimeError("nobody waits for this trial any more")  # the sweep was killed, for one
        worker.log_event(f"{TOPIC}-{task.sweep}", (name, epoch.epoch, epoch.val_loss, epoch.val_accuracy))

    return perform(task, report, scratch=worker.local_directory)


def _keep(reports: dict[str, Progress], event: tuple[Any, tuple[Any, ...]]) -> None:
    """Keep what a worker reported."""
    _, (name, epoch, val_loss, val_accuracy) = event
    reports[name] = Progress(epoch, val_loss, val_accuracy)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the logs and warnings of dask off stderr in the block: the sweep itself reports what matters."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in LOGGERS]
    before = [(logger, logger.handlers, logger.propagate) for logger in map(logging.getLogger, names)]
    for logger, _, _ in before:
        logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, handlers, propagates in before:
            logger.handlers, logger.propagate = handlers, propagates


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler at `address`. Raises `UsageError` and `NnlabError`."""
    import distributed  # noqa: PLC0415 (an extra)
    from distributed.comm import get_address_host_port  # noqa: PLC0415

    try:
        get_address_host_port(address, strict=True)
    except ValueError:
        raise UsageError(
            f"--cluster {address}: not the address of a scheduler; write tcp://HOST:PORT"
        ) from None
    clients: list[Any] = []

    def connect() -> None:
        with suppress(Exception):  # whatever a server that is no scheduler answers
            clients.append(distributed.Client(address, timeout=TIMEOUT, set_as_default=False))

    # In a thread of its own, because its timeout does not cover a server that accepts and then says nothing.
    thread = Thread(target=connect, daemon=True)
    thread.start()
    thread.join(TIMEOUT + 1)
    if not clients:
        raise NnlabError(
            f"no scheduler answers at {address}; start one with `dask scheduler`, or check the address"
        )
    (client,) = clients
    with client:
        for topic in ("print", "warn"):  # of other users of the scheduler
            client.unsubscribe_topic(topic)
        yield client


def _checked(
    client: Any,  # noqa: ANN401 (its library has no types)
    address: str,
    workers: Sequence[str] | None = None,
) -> set[str]:
    """Return the addresses of `workers`, by default of all, that have this version of nnlab.

    Raises `NnlabError` if there are none, or if one has another version.
    """
    if workers is None:
        try:
            client.wait_for_workers(1, timeout=TIMEOUT)
        except TimeoutError:
            raise NnlabError(
                f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
            ) from None
    elif not workers:
        return set()
    # A function of the standard library, because a worker without nnlab has none of its functions.
    versions = client.run(resolve_name, "nnlab:__version__", workers=workers, on_error="return")
    for worker, found in versions.items():
        if found != nnlab.__version__ and not isinstance(found, OSError):  # it died just now
            has = f"nnlab {found}" if isinstance(found, str) else "no nnlab"
            raise NnlabError(
                f"worker {worker} has {has}, and this is nnlab {nnlab.__version__}; install the same on both"
            )
    return set(versions)
