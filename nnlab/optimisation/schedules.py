"""Schedules: the share of η that is used in each step. A new one is a class and an entry in `SCHEDULES`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from nnlab.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Falls:
    """How often `plateau` has lowered η, and for how many epochs in a row nothing has improved since."""

    count: int = 0
    waited: int = 0


NO_FALLS = Falls()


@dataclass(frozen=True)
class Moment:
    """The epoch for which a schedule is asked."""

    epoch: int  # counted from 0
    epochs: int  # of the whole training, at most
    steps: int  # in the epoch
    falls: Falls = NO_FALLS


class Schedule(Options):
    """A constant η, and what the other schedules change about it. Its fields are `schedule_options`."""

    depends_on_epochs: ClassVar[bool] = False  # whether another number of epochs changes the first of them

    def shares(self, now: Moment) -> Iterable[float]:
        """Return the share of η in each step of the epoch."""
        return repeat(1.0, now.steps)

    def observe(self, falls: Falls, *, improved: bool) -> Falls:  # noqa: ARG002
        """Return `falls` after an epoch that has `improved` or not."""
        return falls

    def has_ended(self, falls: Falls) -> bool:  # noqa: ARG002
        """Return whether η has fallen so far that training stops."""
        return False


class Step(Schedule):
    """η times `factor` after every `every` epochs, as in He et al. 2016."""

    every: int = Field(10, ge=1, description="number of epochs between two changes")
    factor: float = Field(0.1, gt=0, lt=1, description="what η is multiplied by")

    def shares(self, now: Moment) -> Iterable[float]:
        """Return factor^⌊epoch / every⌋."""
        return repeat(self.factor ** (now.epoch // self.every), now.steps)


class Exponential(Schedule):
    """η times `factor` after every epoch, as in Hinton et al. 2012."""

    factor: float = Field(0.95, gt=0, lt=1, description="what η is multiplied by after each epoch")

    def shares(self, now: Moment) -> Iterable[float]:
        """Return factor^epoch."""
        return repeat(self.factor**now.epoch, now.steps)


class _Annealed(Schedule):
    """η rises step by step over `warm_up` epochs (Goyal et al. 2017), and then falls to `final` η."""

    depends_on_epochs: ClassVar[bool] = True

    warm_up: float = Field(0.0, ge=0, description="number of epochs over which η rises from 0")
    final: float = Field(0.0, ge=0, lt=1, description="share of η that is left at the end of the last epoch")

    def shares(self, now: Moment) -> Iterable[float]:
        """Return (t + 1/steps) / warm_up in the warm-up, for a time t in epochs; then what is left."""
        for step in range(now.steps):
            time = now.epoch + step / now.steps
            if time < self.warm_up:
                yield min((time + 1 / now.steps) / self.warm_up, 1.0)
            else:
                done = (time - self.warm_up) / (now.epochs - self.warm_up)
                yield self.final + (1 - self.final) * self._left(done)

    def _left(self, done: float) -> float:
        """Return the share of the way from η to `final` η that is left when a share is `done`."""
        return 1 - done


class Linear(_Annealed):
    """η falls on a straight line."""


class Cosine(_Annealed):
    """η falls as half a period of a cosine, Loshchilov and Hutter 2017."""

    def _left(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2


class Plateau(Schedule):
    """η times `factor` if nothing has improved for `wait` epochs, an exercise in Nielsen's chapter 3."""

    wait: int = Field(10, ge=1, description="number of epochs in a row without improvement before η falls")
    factor: float = Field(0.5, gt=0, lt=1, description="what η is multiplied by")
    least: float = Field(1 / 128, ge=0, lt=1, description="share of η at which training stops")

    def shares(self, now: Moment) -> Iterable[float]:
        """Return factor^falls."""
        return repeat(self.factor**now.falls.count, now.steps)

    def observe(self, falls: Falls, *, improved: bool) -> Falls:
        """Return `falls` after an epoch: one more after `wait` epochs without improvement."""
        waited = 0 if improved else falls.waited + 1
        return Falls(falls.count + 1) if waited >= self.wait else Falls(falls.count, waited)

    def has_ended(self, falls: Falls) -> bool:
        """Return whether η has fallen to `least` η, or below."""
        # Rounding must not cost a fall: 0.1² is a little more than 0.01.
        return self.factor**falls.count <= self.least * (1 + 1e-9)


# The schedules, by their names in a config.
SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Schedule,
    "step": Step,
    "exponential": Exponential,
    "linear": Linear,
    "cosine": Cosine,
    "plateau": Plateau,
}
