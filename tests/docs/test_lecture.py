"""Every equation of the lecture has its row, and every row a place and a test that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nnlab.config import BASELINES, Experiment
from nnlab.demos import DEMOS

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| lecture")
]
PLACES = sorted({place for row in ROWS for place in re.findall(r"`(.+?)`", " ".join(row[1:]))})


def test_every_equation_and_every_demo_is_there() -> None:
    numbers = {int(number) for row in ROWS for number in re.findall(r"\((\d+)\)", row[0])}
    assert numbers >= set(range(1, 29))
    demos = {place.removeprefix("nnlab demo ") for place in PLACES if place.startswith("nnlab demo ")}
    assert demos == set(DEMOS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_row_has_a_place_and_a_test(row: list[str]) -> None:
    _, places, checked_by = row
    assert "`" in places or "](" in places
    assert "Claims" in checked_by or "tests/" in checked_by
    if "Claims" in checked_by:
        assert "nnlab demo " in places


@pytest.mark.parametrize("place", PLACES)
def test_every_name_is_of_something(place: str) -> None:
    # Commands, tests, files and names in the code are those of any page; these are what else there may be.
    words = place.split()
    if words[:2] == ["nnlab", "baseline"]:
        assert words[2] in BASELINES
    elif re.fullmatch(r"\w+", place):
        assert place in Experiment.model_fields
