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


def targets(products: float, pytorch: float, jax: float) -> dict[str, float]:
    """Return the targets of a workload."""
    return {"products": products, "pytorch": pytorch, "jax": jax, "scikit-learn": 0.6}


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("A", (784, 30, 10), "sigmoid", "sigmoid", "quadratic", 10, 3.0, targets(1.7, 0.15, 1.0)),
        Workload(
            "B", (784, 100, 10), "sigmoid", "sigmoid", "cross_entropy", 10, 0.5, targets(1.7, 0.20, 1.0)
        ),
        Workload("C", (784, 128, 10), "relu", "softmax", "log_likelihood", 32, 0.1, targets(1.5, 0.40, 1.2)),
        Workload("D", (784, 128, 10), "relu", "softmax", "log_likelihood", 64, 0.1, targets(1.5, 0.55, 1.25)),
        Workload(
            "E", (784, 512, 512, 10), "relu", "softmax", "log_likelihood", 128, 0.1, targets(1.25, 0.85, 1.05)
        ),
        Workload(
            "F", (784, 800, 800, 10), "relu", "softmax", "log_likelihood", 100, 0.1, targets(1.25, 0.80, 1.05)
        ),
    )
}
