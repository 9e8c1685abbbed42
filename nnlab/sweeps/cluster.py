"""Workers on a cluster of dask.distributed. They share no files with the one who started the sweep."""

from __future__ import annotations

import logging
import re
import secrets
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import nnlab
from nnlab.errors import NnlabError, UsageError
from nnlab.sweeps.trial import perform, stop
from nnlab.sweeps.workers import Progress, Workers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from nnlab.sweeps.trial import Outcome, Task
    from nnlab.training import Epoch

_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[^\s/:]+:\d{1,5}|((tcp|tls|ws|wss)://)?\[[0-9a-f:]+\]:\d{1,5}")
TIMEOUT = 5  # seconds within which a scheduler has to answer
COUNT_EVERY = 2.0  # seconds after which the workers are counted again
TOPIC = "nnlab-sweep"


@contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
    """Yield the workers of the cluster whose scheduler is at `address`, such as tcp://host:8786.

    Raises `NnlabError` if the scheduler cannot be reached, or has no workers, or some with another nnlab.
    """
    try:
        import distributed  # noqa: PLC0415 (an extra)
    except ImportError:
        raise NnlabError(
            "a cluster needs dask.distributed; install it with: pip install 'nnlab[cluster]'"
        ) from None
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"{address!r} is not the address of a scheduler; write tcp://HOST:PORT")
    for name in ("distributed", "distributed.client", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is an error of the sweep
    try:
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise NnlabError(
            f"no scheduler answers at {address}; start one with `dask scheduler`, or check the address"
        ) from error
    with client:
        known = _checked(client, address, ())
        if not known:
            raise NnlabError(
                f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
            )
        token = secrets.token_hex(8)
        reports: dict[str, Progress] = {}
        client.subscribe_topic(f"{TOPIC}-{token}", lambda event: _keep(reports, event))
        counted, slots = monotonic(), sum(known.values())

        def count_slots() -> int:
            nonlocal counted, slots, known
            if client.status != "running":
                raise NnlabError(f"the scheduler at {address} is gone; start one, and repeat the sweep")
            if monotonic() - counted >= COUNT_EVERY:
                known = _checked(client, address, known)
                counted, slots = monotonic(), sum(known.values())
            return slots

        def stop_all() -> None:
            with suppress(OSError, TimeoutError):  # the scheduler is gone, too
                client.run(stop, token, on_error="ignore")

        yield Workers(
            token=token,
            executor=client.get_executor(pure=False),
            perform=perform_and_report,
            slots=count_slots,
            stop=stop_all,
            kill=lambda: None,
            progress=lambda run: reports.get(run.name),
            died=(distributed.scheduler.KilledWorker, CancelledError),
            shares_files=False,
        )


def perform_and_report(task: Task) -> Outcome:
    """Perform `task` on a worker of a cluster, and report its progress to the one who started the sweep."""
    import distributed  # noqa: PLC0415 (an extra)

    worker = distributed.get_worker()

    def report(name: str, epoch: Epoch) -> None:
        figures = epoch.epoch, epoch.val_loss, epoch.val_accuracy
        worker.log_event(f"{TOPIC}-{task.sweep}", (name, *figures))

    return perform(task, report)


def _keep(reports: dict[str, Progress], event: tuple[Any, tuple[Any, ...]]) -> None:
    """Keep what a worker reported."""
    _, (name, epoch, val_loss, val_accuracy) = event
    reports[name] = Progress(epoch, val_loss, val_accuracy)


def _checked(client: Any, address: str, known: Collection[str]) -> dict[str, int]:  # noqa: ANN401 (untyped library)
    """Return the number of threads of each worker, by its address.

    Raises `NnlabError` if one that is not `known` has another version of nnlab, or if the scheduler is gone.
    """

    def version() -> str | None:  # travels by value, because a worker may have another nnlab, or none
        try:
            import nnlab  # noqa: PLC0415
        except ImportError:
            return None
        return nnlab.__version__

    try:
        threads: dict[str, int] = client.nthreads()
        new = [worker for worker in threads if worker not in known]
        versions = client.run(version, workers=new, on_error="ignore") if new else {}
    except (OSError, TimeoutError) as error:
        raise NnlabError(f"the scheduler at {address} is gone; start one, and repeat the sweep") from error
    for worker, found in versions.items():
        if found != nnlab.__version__:
            has = "no nnlab" if found is None else f"nnlab {found}"
            raise NnlabError(
                f"worker {worker} has {has}, and this is nnlab {nnlab.__version__}; install the same on both"
            )
    return threads
