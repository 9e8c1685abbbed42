"""One contestant in a process of its own: `worker.py MODULE THREADS FOLDER`, a JSON object a line in and out.

The first answer names the versions. Then `{"workload": "A"}` prepares, `{"seed": 1}` trains an epoch in that order
and answers its seconds, `{"save": "FILE"}` writes the weights there and answers whether there are any.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

import numpy as np

from workloads import WORKLOADS

NOTABLE = ("numpy", "nnlab", "torch", "jax", "jaxlib", "scikit-learn", "scipy", "threadpoolctl")


def main(module: str, threads: int, folder: Path) -> None:
    """Answer requests until there are no more."""
    if module == "jax_scan" and threads < len(os.sched_getaffinity(0)):
        # The one way to hold XLA to so many threads; JAX, which is imported below, looks at it once.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        prepare = importlib.import_module(f"contestants.{module}").prepare
    except ImportError as error:
        sys.exit(str(error))
    inputs, labels = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    installed = {each.name: each.version for each in distributions()}
    answer({name: installed[name] for name in NOTABLE if name in installed})
    epoch = weights = None
    for line in sys.stdin:
        request = json.loads(line)
        if "workload" in request:
            workload = WORKLOADS[request["workload"]]
            with np.load(folder / f"{workload.name}.npz") as archive:
                parameters = list(archive.values())
            epoch, weights = prepare(workload, inputs, labels, parameters, threads)
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


def answer(value: object) -> None:
    """Write `value` as a line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
