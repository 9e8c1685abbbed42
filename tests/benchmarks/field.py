"""The contestants, each in its own process, so that they do not share threads and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.datasets import load_training
from nnlab.training import start
from tests.benchmarks.contestants.ours import experiment_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from tests.benchmarks.workloads import Workload

ROOT = Path(__file__).parents[2]
OURS, PRODUCTS = "nnlab", "products"
MODULES = {
    OURS: "ours",
    PRODUCTS: "products",
    "pytorch": "pytorch",
    "jax": "jax_scan",
    "scikit-learn": "sklearn_mlp",
}


@dataclass(frozen=True)
class Contestant:
    """A process that trains what it is told to, with a fixed number of threads."""

    name: str
    threads: int
    process: subprocess.Popen[str]

    def ask(self, **request: object) -> Any:  # noqa: ANN401 (whatever JSON holds)
        """Return the answer to `request`. Raises `RuntimeError` if the process has ended."""
        assert self.process.stdin
        with suppress(BrokenPipeError):  # of a process that has ended, which is told below
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        return self.answer()

    def prepare(self, workload: Workload, examples: int) -> None:
        """Prepare to train `workload`, starting from the weights in start.npz."""
        self.ask(workload=asdict(workload), examples=examples)

    def epoch(self, seed: int) -> float:
        """Return the seconds of an epoch in the order of `seed`."""
        seconds: float = self.ask(seed=seed)
        return seconds

    def answer(self) -> Any:  # noqa: ANN401
        """Return its next answer. Raises `RuntimeError` if the process has ended."""
        assert self.process.stdout
        if line := self.process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"{self.name} ended with exit code {self.process.wait()}")


def enter(
    stack: ExitStack, name: str, threads: int, folder: Path, peers: str | None
) -> tuple[Contestant, str]:
    """Start a contestant until `stack` is left; return it with what it runs on.

    Raises `RuntimeError` if it does not start.
    """
    python = peers if peers and name not in {OURS, PRODUCTS} else sys.executable
    process = subprocess.Popen(
        [python, "-m", "tests.benchmarks.worker", MODULES[name], str(threads), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    contestant = Contestant(name, threads, process)
    return contestant, contestant.answer()


@contextmanager
def arena(examples: int) -> Iterator[Path]:
    """Return the shared folder of the contestants, with this number of training images of MNIST."""
    training, _ = load_training(
        "mnist", validation_size=0, train_size=examples, rng=np.random.default_rng(0), dtype=np.float32
    )
    with TemporaryDirectory() as name:
        np.save(Path(name) / "inputs.npy", training.inputs)
        np.save(Path(name) / "labels.npy", training.labels)
        yield Path(name)


def write_start(workload: Workload, folder: Path) -> None:
    """Write the weights that all contestants start `workload` from."""
    network = start(experiment_of(workload)).network
    pairs = zip(network.weights, network.biases, strict=True)
    np.savez(folder / "start.npz", *[a for weights, biases in pairs for a in (weights, biases[:, 0])])
