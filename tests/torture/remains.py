"""What a training leaves behind, without what differs from one time to the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nnlab.runs import checkpoint, folder

if TYPE_CHECKING:
    from pathlib import Path


def what_came_of(run: Path) -> dict[str, object]:
    """Return all that must be the same, of every file of a run and of which files there are."""
    summary = json.loads((run / folder.SUMMARY).read_text())
    state, _ = checkpoint.load_state(run / folder.LAST, folder.experiment_of(run))
    diagnostics = run / folder.DIAGNOSTICS
    return {
        **summary,
        "seconds": None,
        "metrics": [line.rpartition(",")[0] for line in (run / folder.METRICS).read_text().splitlines()],
        "diagnostics": diagnostics.read_text() if diagnostics.exists() else None,
        "files": sorted(path.name for path in run.iterdir()),
        "best": (run / folder.BEST).read_bytes(),
        "last": checkpoint.weights_sha256(state.network),
        "velocity": state.velocity.tobytes(),
        "history": state.history,
        "shuffle": state.rng.bit_generator.state,
    }


def the_run(runs: Path) -> Path | None:
    """Return the one run in the folder `runs`, if there is one yet."""
    found = folder.find_all(runs)
    assert len(found) <= 1, found
    return found[0] if found else None


def epoch_of(run: Path) -> int:
    """Return the epoch that the checkpoint of `run` is of."""
    if not (run / folder.LAST).exists():
        return 0
    return checkpoint.load_state(run / folder.LAST, folder.experiment_of(run))[0].epoch
