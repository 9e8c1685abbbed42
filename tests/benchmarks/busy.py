"""An epoch of nnlab with a thread for each core while another process keeps one of the cores busy."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.field import OURS, Contestant, arena, enter, write_start
from tests.benchmarks.turns import in_turns
from tests.benchmarks.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUSY_WORKLOADS = "EF"
TARGET = 1.1  # the epoch beside a busy core over that with one thread
ONE, ALL, BUSY = "one thread, idle", "all threads, idle", "all threads, a core busy"
SPIN = "import os; os.sched_setaffinity(0, {{{core}}}); print('spinning', flush=True)\nwhile True: pass"


def measure_busy(*, epochs: int, examples: int, say: Callable[[str], None]) -> dict[str, object]:
    """Return the seconds of each epoch, by workload and by what it had to share the machine with."""
    cores = sorted(os.sched_getaffinity(0))
    with arena(examples) as folder, ExitStack() as stack:
        (one, versions), (every, _) = (
            enter(stack, OURS, threads, folder, None) for threads in (1, len(cores))
        )
        seconds = {
            letter: measure_workload(WORKLOADS[letter], one, every, folder, epochs, examples, cores[-1], say)
            for letter in BUSY_WORKLOADS
        }
    return {"versions": {OURS: versions}, "threads": len(cores), "examples": examples, "seconds": seconds}


def measure_workload(
    workload: Workload,
    one: Contestant,
    every: Contestant,
    folder: Path,
    epochs: int,
    examples: int,
    core: int,
    say: Callable[[str], None],
) -> dict[str, list[float]]:
    """Return the seconds of `epochs` of `workload` in turns, after one of each that does not count."""
    say(str(workload))
    write_start(workload, folder)
    for contestant in (one, every):
        contestant.prepare(workload, examples)
        contestant.epoch(seed=0)

    def disturbed(seed: int) -> float:
        with busy_core(core):
            return every.epoch(seed)

    seconds = in_turns({ONE: one.epoch, ALL: every.epoch, BUSY: disturbed}, epochs)
    for name, values in seconds.items():
        say(f"  {name:25} {median(values):6.3f} s")
    return seconds


@contextmanager
def busy_core(core: int) -> Iterator[int]:
    """Keep `core` busy, with a process of which the id is returned."""
    with subprocess.Popen(
        [sys.executable, "-c", SPIN.format(core=core)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()
