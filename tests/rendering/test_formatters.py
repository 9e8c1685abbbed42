"""The format of single values."""

from __future__ import annotations

import pytest

from nnlab.rendering import formatters


@pytest.mark.parametrize(
    ("loss", "shown"),
    [
        (0.0, "0.0000"),
        (1.234e-7, "1.234e-07"),
        (6e-5, "0.0001"),
        (0.5, "0.5000"),
        (1e5, "1.000e+05"),
        (None, "not finite"),
    ],
)
def test_a_loss_is_never_shown_as_zero_unless_it_is(loss: float | None, shown: str) -> None:
    assert formatters.decimals(loss) == shown


@pytest.mark.parametrize(("share", "shown"), [(0.98204, "98.20%"), (1.0, "100.00%"), (None, "–")])
def test_an_accuracy_is_a_percentage(share: float | None, shown: str) -> None:
    assert formatters.percent(share) == shown


def test_a_count_has_separators_and_a_plural() -> None:
    assert formatters.counted(1, "example") == "1 example"
    assert formatters.counted(0, "example") == "0 examples"
    assert formatters.counted(79510, "parameter") == "79,510 parameters"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ([784, 30, 10], "784-30-10"),
        ({"steps": 4, "at": [1, 2]}, "steps=4 at=1-2"),
        (True, "True"),
        (0.1, "0.1"),
    ],
)
def test_any_value_is_text(value: object, shown: str) -> None:
    assert formatters.text(value) == shown
