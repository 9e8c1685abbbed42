"""Early stopping: the patience rule, and the best epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class History:
    """The state of early stopping after the epochs so far."""

    best: float | None = None  # the best value, regardless of min_delta; the earliest on a tie
    best_epoch: int | None = None
    to_beat: float | None = None  # the value of the last epoch that improved
    waited: int = 0  # epochs in a row without improvement


@dataclass(frozen=True)
class EarlyStopping:
    """The rule to stop after `patience` epochs in a row without improvement; None: never.

    An epoch improves when it beats the last one that improved by more than `min_delta`. Epochs before
    `start_from_epoch` neither stop nor count.
    """

    patience: int | None
    min_delta: float = 0.0
    start_from_epoch: int = 1
    larger_is_better: bool = False

    def observe(self, history: History, epoch: int, value: float) -> History:
        """Return the history with the finite `value` of `epoch` added."""
        if history.best is None or self._beats(value, history.best, by=0.0):
            history = replace(history, best=value, best_epoch=epoch)
        if history.to_beat is None or self._beats(value, history.to_beat, by=self.min_delta):
            return replace(history, to_beat=value, waited=0)
        return replace(history, waited=history.waited + (epoch >= self.start_from_epoch))

    def patience_left(self, history: History) -> int | None:
        """Return after how many more epochs without improvement training stops. Patience 0 acts like 1."""
        return None if self.patience is None else max(self.patience, 1) - history.waited

    def _beats(self, value: float, rival: float, *, by: float) -> bool:
        return value > rival + by if self.larger_is_better else value < rival - by
