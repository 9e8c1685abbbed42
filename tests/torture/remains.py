"""The files that a training leaves, without the parts that differ from time to time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nnlab.runs import checkpoint
from nnlab.runs.find import find_all
from nnlab.runs.run import Run, experiment_of

if TYPE_CHECKING:
    from pathlib import Path


def results_of(run: Path) -> dict[str, object]:
    """Return all that must be reproducible: the names of the files of a run, and their contents."""
    summary = json.loads((run / "summary.json").read_text())
    state, _ = checkpoint.load_state(run / "last.npz", experiment_of(Run(run)))
    diagnostics = run / "diagnostics.csv"
    return {
        **summary,
        "seconds": None,
        "metrics": [line.rpartition(",")[0] for line in (run / "metrics.csv").read_text().splitlines()],
        "diagnostics": diagnostics.read_text() if diagnostics.exists() else None,
        "files": sorted(path.name for path in run.iterdir()),
        "best": (run / "best.npz").read_bytes(),
        "last": checkpoint.weights_sha256(state.network),
        "velocity": state.optimiser["velocity"].tobytes(),
        "history": state.history,
        "shuffle": state.rng.bit_generator.state,
    }


def the_run(runs: Path) -> Path | None:
    """Return the one run in the folder `runs`, if there is one yet."""
    found = [run.folder for run in find_all(runs)]
    assert len(found) <= 1, found
    return found[0] if found else None


def epoch_of(run: Path) -> int:
    """Return the epoch that the checkpoint of `run` is of."""
    if not (run / "last.npz").exists():
        return 0
    return checkpoint.load_state(run / "last.npz", experiment_of(Run(run)))[0].epoch
