"""A momentum that changes over the first epochs."""

from __future__ import annotations

from pydantic import Field

from nnlab.options import Options


class MomentumRamp(Options):
    """How the momentum rises: linearly from `start` over the first `epochs`, as in Hinton et al. 2012."""

    start: float = Field(0.5, gt=0, lt=1, description="momentum of the first epoch")
    epochs: int = Field(ge=1, description="number of epochs after which it is that of the key momentum")

    def at(self, epoch: int, momentum: float) -> float:
        """Return μ in `epoch`, counted from 0: t μ + (1 − t) start with t = epoch / epochs, at most 1."""
        t = min(epoch / self.epochs, 1.0)
        return t * momentum + (1 - t) * self.start
