"""Sweeps of the linear network on a thousand images, in real processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nnlab.config.sweep import Sweep, load_sweep
from nnlab.runs.run import Run
from nnlab.sweeps.sweep import Callbacks, Progress, run_sweep
from nnlab.sweeps.work import Options
from tests.laboratory import LINEAR
from tests.trainings import OFFLINE, results_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.runs.summary import Summary
    from nnlab.sweeps.plan import Trial

KEYS = LINEAR | {"name": "tried", "momentum": 0.9, "patience": None}


def linear_sweep(*overrides: str, seeds: int | Sequence[int] = 2) -> Sweep:
    """Return a sweep of the linear network."""
    return load_sweep(KEYS, overrides, seeds=seeds)


@dataclass
class Sweeping:
    """A folder of runs in which tests run sweeps; `trained` and `failures` are what the last one reported."""

    runs: Path
    trained: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    logs: list[Path | None] = field(default_factory=list)

    def run(
        self,
        sweep: Sweep,
        *,
        jobs: int = 2,
        should_stop: Callable[[], bool] = lambda: False,
        on_tick: Callable[[], None] = lambda: None,
        **options: Any,  # noqa: ANN401 (fields of `Options`)
    ) -> Progress:
        """Run a sweep, and record which trials ended and which failed."""
        self.trained, self.failures, self.logs = [], {}, []

        def on_end(trial: Trial, _: Summary) -> None:
            self.trained.append(trial.label)

        def on_failure(trial: Trial, reason: str, log: Path | None) -> None:
            self.failures[trial.label] = reason
            self.logs.append(log)

        return run_sweep(
            sweep,
            self.runs,
            jobs=jobs,
            options=replace(Options(source=OFFLINE), **options),
            callbacks=Callbacks(
                on_end=on_end, on_failure=on_failure, should_stop=should_stop, on_tick=on_tick
            ),
        )

    def results(self) -> dict[str, dict[str, Any]]:
        """Return everything in the runs of the sweep, by name, without times."""
        folders = sorted(path for path in (self.runs / "tried").iterdir() if path.is_dir())
        return {folder.name: results_of(Run(folder)) for folder in folders}


@pytest.fixture
def sweeping(tmp_path: Path) -> Sweeping:
    return Sweeping(tmp_path / "runs")
