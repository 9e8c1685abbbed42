"""Every promise names the tests that check it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_promise_names_tests_that_exist_and_every_harness_holds_one() -> None:
    page = (ROOT / "docs" / "explanation" / "promises.md").read_text(encoding="utf-8")
    promises = re.findall(r"(?m)^\|.*\|(.*)\|$", page)[2:]
    held_by = [re.findall(r"`(.+?)`", cell) for cell in promises]
    assert len(held_by) > 10
    assert all(held_by)
    harnesses = set()
    for place in {place for places in held_by for place in places}:
        path, _, name = place.partition("::")
        if path.startswith("tests/"):
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^def {name or 'test_'}", text, flags=re.MULTILINE)
        else:
            harnesses.add(place)
    program = (ROOT / "tests" / "torture" / "__main__.py").read_text(encoding="utf-8")
    assert harnesses == set(re.findall(r'(?m)^    "(\w+)": \d+,$', program))
