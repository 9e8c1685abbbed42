"""One contestant in a process of its own: `worker.py MODULE THREADS FOLDER`, a JSON value a line in and out.

The first answer says what it runs on. Then `{"workload": {…}, "examples": 60000}` prepares, `{"seed": 1}`
trains an epoch in that order and answers its seconds, `{"save": "FILE"}` writes the weights there and answers
whether there are any. FOLDER holds inputs.npy, labels.npy and start.npz, the workload's starting weights.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.benchmarks.workloads import Workload


def main(module: str, threads: int, folder: Path) -> None:
    """Answer requests until there are no more."""
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # Ctrl-C is for the benchmark, which says what there is to say
    if module == "jax_scan" and threads < len(os.sched_getaffinity(0)):
        # The one way to hold XLA to so many threads; JAX, which is imported below, looks at it once.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        contestant = importlib.import_module(f"tests.benchmarks.contestants.{module}")
    except ImportError as error:
        sys.exit(str(error))
    inputs, labels = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    answer(foundations(contestant.PACKAGES))
    for line in sys.stdin:
        request = json.loads(line)
        if "workload" in request:
            first = slice(request["examples"])
            with np.load(folder / "start.npz") as archive:
                parameters = list(archive.values())
            workload = Workload(**request["workload"])
            epoch, weights = contestant.prepare(workload, inputs[first], labels[first], parameters, threads)
            answer(None)
        elif "seed" in request:
            began = time.perf_counter()
            epoch(request["seed"])
            answer(time.perf_counter() - began)
        else:
            arrays = weights()
            if arrays is not None:
                np.savez(request["save"], *arrays)
            answer(arrays is not None)


def foundations(packages: tuple[str, ...]) -> str:
    """Return the versions of `packages`, and which BLAS kernels a contestant has that goes by NumPy's."""
    found = [f"{package} {version(package)}" for package in packages]
    if "numpy" in packages:
        from threadpoolctl import threadpool_info  # noqa: PLC0415 (those without NumPy may be without it)

        libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
        found += {f"{each['internal_api']} {each['version']} ({each['architecture']})" for each in libraries}
    return ", ".join(found)


def answer(value: object) -> None:
    """Write `value` as a line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
