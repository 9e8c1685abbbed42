"""What a sweep needs of its workers, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from nnlab.runs.run import Run
from nnlab.sweeps.trial import Outcome, Task


@dataclass(frozen=True)
class Progress:
    """The last epoch that a running trial reported, and its validation figures, those that are finite."""

    epoch: int
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True)
class Workers:
    """The processes that train: an executor, and what executors do not offer."""

    token: str  # tells this sweep apart from others that use the same workers
    executor: Executor
    perform: Callable[[Task], Outcome]  # what the executor is given
    slots: Callable[[], int]  # the number of trials that can run at once
    stop: Callable[[], None]  # lets the running trials stop at the end of their batch
    kill: Callable[[], None]  # ends what has not stopped
    progress: Callable[[Run], Progress | None]
    died: tuple[type[BaseException], ...]  # what a future raises if its worker died
    shares_files: bool  # whether they write to the run folder themselves
