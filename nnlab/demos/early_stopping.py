"""Early stopping: where the validation cost begins to rise, and what happens afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.demos.experiments import MNIST, run
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source

EPOCHS = 100
PATIENCE = 5
FEW = MNIST | {"train_size": 1000, "architecture": (784, 100, 10), "eta": 0.5, "epochs": EPOCHS}


def demo(source: Source) -> Iterator[Piece]:
    """Train on few examples, once stopped by patience and once to the end."""
    stopped, _ = run(source, **FEW | {"patience": PATIENCE})
    whole, _ = run(source, **FEW)
    train_loss = [epoch.train_loss for epoch in whole]
    val_loss = [epoch.val_loss for epoch in whole]
    accuracies = [epoch.val_accuracy or 0 for epoch in whole]
    best = min(range(len(stopped)), key=lambda index: stopped[index].val_loss) + 1
    shown = sorted({1, best, len(stopped), 2 * len(stopped), EPOCHS})
    yield (
        "79,510 parameters, trained on 1,000 images of MNIST: far more than the rule of thumb allows. After "
        f"each epoch the cost is measured on 2,000 other images. With a patience of {PATIENCE}, training "
        f"stops after epoch {len(stopped)} and keeps the weights of epoch {best}. Had it continued:"
    )
    yield Curves(
        f"cost, stopped after epoch {len(stopped)}",
        range(1, EPOCHS + 1),
        {"validation": val_loss, "training": train_loss},
        "epoch",
    )
    yield Table(
        {
            "epoch": row_labels(shown),
            "": Column(
                [{best: "best", len(stopped): "stopped"}.get(epoch, "") for epoch in shown], align="right"
            ),
            "training cost": Column([train_loss[epoch - 1] for epoch in shown], "{:.4f}".format),
            "validation cost": Column([val_loss[epoch - 1] for epoch in shown], "{:.4f}".format),
            "validation accuracy": Column([accuracies[epoch - 1] for epoch in shown], "{:.1%}".format),
        }
    )
    yield (
        "It is common wisdom, with no consistent theory behind it, that a point near the optimum of the "
        "training cost generalises better than the optimum itself. Here that is true of the cost, but makes "
        "no difference to the accuracy."
    )
    yield Claim(
        f"it stops by patience, {PATIENCE} epochs after the best one",
        stopped[-1].stop_reason == "patience" and len(stopped) == best + PATIENCE,
        "by definition",
    )
    yield Claim(
        "stopping does not affect the epochs before it: their costs are the same to the last bit",
        [epoch.val_loss for epoch in stopped] == val_loss[: len(stopped)],
        "by construction",
    )
    yield Claim("no later epoch has a lower validation cost", min(val_loss) == val_loss[best - 1])
    yield Claim(
        "if training continues, the validation cost rises by more than a tenth",
        val_loss[-1] > 1.1 * val_loss[best - 1],
    )
    yield Claim(
        "while the training cost falls to less than a tenth", train_loss[-1] < 0.1 * train_loss[best - 1]
    )
    yield Claim(
        "the accuracy does not follow: if training continues, it stays within two points",
        abs(accuracies[-1] - accuracies[best - 1]) < 0.02,
    )
