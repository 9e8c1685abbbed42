from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnlab.training.early_stopping import EarlyStopping, History


def watch(rule: EarlyStopping, values: list[float]) -> tuple[int | None, History]:
    """Return the epoch after which `rule` stops, None if it never does, and what it remembers."""
    history = History()
    for epoch, value in enumerate(values, 1):
        history = rule.observe(history, epoch, value)
        left = rule.patience_left(history)
        if left is not None and left <= 0:
            return epoch, history
    return None, history


def stop(rule: EarlyStopping, *values: float) -> int | None:
    return watch(rule, list(values))[0]


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_stops_after_exactly_patience_epochs_without_improvement(patience: int) -> None:
    assert stop(EarlyStopping(patience), 3, 2, *[4] * 9) == 2 + patience
    assert stop(EarlyStopping(patience), 3, 2, *[4] * (patience - 1)) is None


@pytest.mark.parametrize("patience", [0, 1])
def test_patience_of_0_and_1_stop_at_the_first_epoch_without_improvement(patience: int) -> None:
    assert stop(EarlyStopping(patience), 3, 2, 1) is None
    assert stop(EarlyStopping(patience), 3, 2, 2.5, 1) == 3


def test_patience_of_null_never_stops() -> None:
    rule = EarlyStopping(None)
    assert stop(rule, *range(1000)) is None
    assert rule.patience_left(History(waited=1000)) is None


def test_patience_left_counts_down_and_an_improvement_resets_it() -> None:
    rule, history, left = EarlyStopping(3), History(), []
    for epoch, value in enumerate([5, 6, 6, 4, 4, 4, 4], 1):
        history = rule.observe(history, epoch, value)
        left.append(rule.patience_left(history))
    assert left == [3, 2, 1, 3, 2, 1, 0]


def test_a_tie_is_not_an_improvement() -> None:
    assert stop(EarlyStopping(2), 1, 1, 1) == 3
    assert stop(EarlyStopping(2, larger_is_better=True), 1, 1, 1) == 3


def test_an_improvement_by_exactly_min_delta_does_not_count() -> None:
    assert stop(EarlyStopping(1, min_delta=0.25), 1, 0.75) == 2
    assert stop(EarlyStopping(1, min_delta=0.25), 1, 0.7499) is None
    assert stop(EarlyStopping(1, min_delta=0.25, larger_is_better=True), 0.5, 0.75) == 2
    assert stop(EarlyStopping(1, min_delta=0.25, larger_is_better=True), 0.5, 0.7501) is None


def test_small_steps_improve_once_they_add_up_to_more_than_min_delta() -> None:
    assert stop(EarlyStopping(3, min_delta=0.5), 2, 1.75, 1.5, 1.25, 1, 0.5) is None
    assert stop(EarlyStopping(2, min_delta=0.5), 2, 1.75, 1.5, 1.25, 1, 0.5) == 3


def test_best_epoch_does_not_depend_on_min_delta() -> None:
    epoch, history = watch(EarlyStopping(2, min_delta=1), [2, 1.5, 1.25])
    assert epoch == 3
    assert (history.best, history.best_epoch) == (1.25, 3)


def test_best_epoch_is_the_earliest_on_a_tie() -> None:
    assert watch(EarlyStopping(None), [3, 1, 2, 1])[1].best_epoch == 2
    assert watch(EarlyStopping(None, larger_is_better=True), [1, 3, 2, 3])[1].best_epoch == 2


def test_epochs_before_start_from_epoch_neither_stop_nor_count() -> None:
    assert stop(EarlyStopping(2, start_from_epoch=5), *[1] * 9) == 6
    assert stop(EarlyStopping(0, start_from_epoch=5), *[1] * 9) == 5


def test_best_epoch_may_be_before_start_from_epoch() -> None:
    assert watch(EarlyStopping(1, start_from_epoch=4), [3, 1, 2, 2])[1].best_epoch == 2


def test_accuracy_improves_upwards() -> None:
    assert stop(EarlyStopping(1, larger_is_better=True), 0.5, 0.6, 0.7) is None
    assert stop(EarlyStopping(1, larger_is_better=True), 0.5, 0.6, 0.55) == 3


def restated(
    values: list[float], patience: int | None, min_delta: float, start: int
) -> tuple[int | None, list[int]]:
    """Return the first epoch that ends a window of enough epochs that count and do not improve.

    With it come the epochs that have improved; `values` are losses.
    """
    improving: list[int] = []
    for epoch, value in enumerate(values, 1):
        if not improving or value < values[improving[-1] - 1] - min_delta:
            improving.append(epoch)
    if patience is not None:
        length = max(1, patience)
        for last in range(start + length - 1, len(values) + 1):
            if not set(range(last - length + 1, last + 1)) & set(improving):
                return last, improving
    return None, improving


# Quarters, so that there are ties and sums are exact.
@settings(max_examples=300, deadline=None)
@given(
    quarters=st.lists(st.integers(0, 12), min_size=1, max_size=30),
    patience=st.none() | st.integers(0, 6),
    min_delta=st.sampled_from([0, 0.25, 0.5, 1]),
    start=st.integers(1, 12),
    larger_is_better=st.booleans(),
)
@example(quarters=[4, 4], patience=0, min_delta=0, start=1, larger_is_better=False)
def test_whole_histories_agree_with_the_rule_restated(
    quarters: list[int], patience: int | None, min_delta: float, start: int, *, larger_is_better: bool
) -> None:
    values = [quarter / 4 for quarter in quarters]
    losses = [-value for value in values] if larger_is_better else values
    expected, improving = restated(losses, patience, min_delta, start)

    stopped, history = watch(EarlyStopping(patience, min_delta, start, larger_is_better), values)

    seen = losses[:stopped]
    assert stopped == expected
    assert history.best_epoch == 1 + seen.index(min(seen))
    assert history.best == values[history.best_epoch - 1]
    assert history.to_beat == values[max(e for e in improving if e <= len(seen)) - 1]
