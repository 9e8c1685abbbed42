"""Compares nnlab with its limit and with other libraries: `python -m tests.benchmarks --peers PYTHON`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.busy import measure_busy
from tests.benchmarks.commands import measure_commands
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.methods import measure_methods
from tests.benchmarks.page import page
from tests.benchmarks.steps import measure_steps
from tests.benchmarks.sweeps import measure_sweeps
from tests.benchmarks.throughput import measure_throughput
from tests.benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PARTS = ("steps", "methods", "growth", "commands", "sweeps", "throughput", "busy")
THROUGHPUT_TURNS = 2  # of about a minute each


def main() -> None:
    """Measure the parts asked for; keep the results of the others."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.benchmarks")
    parser.add_argument(
        "--peers", help="the Python with PyTorch, JAX and scikit-learn; without it, nnlab alone"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--workloads", default="".join(WORKLOADS))
    parser.add_argument("--epochs", type=int, default=3, help="epochs, or commands, of each contestant")
    parser.add_argument("--examples", type=int, default=60_000)
    parser.add_argument(
        "--results", type=Path, default=HERE, help="the folder for RESULTS.md and results.json"
    )
    options = parser.parse_args()

    # Each library is to choose its kernels and threads as it would on a machine that nobody has tuned.
    for name in [name for name in os.environ if name.startswith(("OPENBLAS_", "MKL_", "OMP_"))]:
        del os.environ[name]
    measurements: dict[str, Callable[[], object]] = {
        "steps": lambda: measure_steps(
            options.peers, options.workloads, epochs=options.epochs, examples=options.examples, say=say
        ),
        "methods": lambda: measure_methods(epochs=options.epochs, say=say),
        "growth": lambda: measure_growth(say),
        "commands": lambda: measure_commands(options.peers, runs=options.epochs, say=say),
        "sweeps": lambda: measure_sweeps(say),
        "throughput": lambda: measure_throughput(
            options.peers, turns=THROUGHPUT_TURNS, examples=options.examples, say=say
        ),
        "busy": lambda: measure_busy(epochs=options.epochs, examples=options.examples, say=say),
    }
    kept = options.results / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    began = time.perf_counter()
    for number, part in enumerate(options.parts, start=1):
        say(f"part {number} of {len(options.parts)}: {part}")
        try:
            results[part] = {"machine": machine(), "results": measurements[part]()}
        except RuntimeError as error:
            sys.exit(f"benchmark: {error}")
        except KeyboardInterrupt:
            sys.exit(f"benchmark: interrupted; the results of {part} stay as they were")
        kept.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    say(f"the whole took {(time.perf_counter() - began) / 60:.1f} minutes")
    written = page(results)
    (options.results / "RESULTS.md").write_text(written)
    sys.stdout.write(written)


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """Return the processor's name as Linux gives it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def say(line: str) -> None:
    """Print the progress."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
