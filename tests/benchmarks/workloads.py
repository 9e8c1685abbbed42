"""What is measured: six networks on the 60,000 training images of MNIST, from small steps to large ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A network and how it is trained: plain SGD, no momentum, no L2.

    `targets` are the ratios to stay under: nnlab's time over that of each other contestant.
    """

    name: str
    architecture: tuple[int, ...]
    activation: str
    output: str
    loss: str
    batch_size: int
    eta: float
    targets: dict[str, float]

    def __str__(self) -> str:
        widths = "-".join(str(width) for width in self.architecture)
        return f"{self.name} {widths} {self.activation}, {self.output}/{self.loss}, batch {self.batch_size}"


SMALL = {"products": 1.7, "pytorch": 0.30, "jax": 0.70, "scikit-learn": 0.5}
MEDIUM = {"products": 1.5, "pytorch": 0.65, "jax": 0.90, "scikit-learn": 0.5}
LARGE = {"products": 1.25, "pytorch": 1.0, "jax": 1.15, "scikit-learn": 0.5}

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("A", (784, 30, 10), "sigmoid", "sigmoid", "quadratic", 10, 3.0, SMALL),
        Workload("B", (784, 100, 10), "sigmoid", "sigmoid", "cross_entropy", 10, 0.5, SMALL),
        Workload("C", (784, 128, 10), "relu", "softmax", "log_likelihood", 32, 0.1, MEDIUM),
        Workload("D", (784, 128, 10), "relu", "softmax", "log_likelihood", 64, 0.1, MEDIUM),
        Workload("E", (784, 512, 512, 10), "relu", "softmax", "log_likelihood", 128, 0.1, LARGE),
        Workload("F", (784, 800, 800, 10), "relu", "softmax", "log_likelihood", 100, 0.1, LARGE),
    )
}
