"""Workers on a cluster of dask.distributed. They share no files with the one who started the sweep."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import nnlab
from nnlab.errors import NnlabError, UsageError
from nnlab.sweeps.trial import perform, stop
from nnlab.sweeps.workers import Progress, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.sweeps.trial import Outcome, Task
    from nnlab.training import Epoch

TIMEOUT = 10  # seconds within which a scheduler has to answer
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
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they report is reported here
    try:
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except ValueError as error:
        raise UsageError(f"--cluster {address}: {error}; write tcp://HOST:PORT") from error
    except (OSError, TimeoutError) as error:
        raise NnlabError(
            f"no scheduler answers at {address}; start one with `dask scheduler`, or check the address"
        ) from error
    with client:
        _check_versions(client, address)
        token = secrets.token_hex(8)
        reports: dict[str, Progress] = {}
        client.subscribe_topic(f"{TOPIC}-{token}", lambda event: _keep(reports, event))
        counted, slots = -COUNT_EVERY, 0

        def count_slots() -> int:
            nonlocal counted, slots
            if monotonic() - counted >= COUNT_EVERY:
                counted, slots = monotonic(), sum(client.nthreads().values())
            return slots

        yield Workers(
            token=token,
            executor=client.get_executor(pure=False),
            perform=perform_and_report,
            slots=count_slots,
            stop=lambda: client.run(stop, token, on_error="ignore"),
            kill=lambda: None,
            progress=lambda run: reports.get(run.name),
            died=(distributed.scheduler.KilledWorker, distributed.client.FutureCancelledError),
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


def _check_versions(client: Any, address: str) -> None:  # noqa: ANN401 (its library has no types)
    """Raise `NnlabError` unless there are workers, and all have this version of nnlab."""

    def version() -> str | None:  # travels to workers that may not have nnlab
        from importlib.metadata import PackageNotFoundError  # noqa: PLC0415
        from importlib.metadata import version as version_of  # noqa: PLC0415

        try:
            return version_of("nnlab")
        except PackageNotFoundError:
            return None

    versions = client.run(version)
    if not versions:
        raise NnlabError(
            f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
        )
    for worker, found in versions.items():
        if found != nnlab.__version__:
            has = "no nnlab" if found is None else f"nnlab {found}"
            raise NnlabError(
                f"worker {worker} has {has}, and this is nnlab {nnlab.__version__}; install the same on both"
            )
