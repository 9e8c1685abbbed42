from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from .conftest import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .conftest import Outcome


def test_check_says_that_there_are_no_mistakes(call: Callable[..., Outcome]) -> None:
    expected = "linear.yaml: no mistakes; the experiment is linear\n"
    assert call("config", "check", "linear.yaml") == (0, expected, "")


def test_check_tells_all_mistakes_a_line_each(call: Callable[..., Outcome], desk: Path) -> None:
    (desk / "wrong.yaml").write_text(CONFIG.replace("0.1", "fast").replace("64", "-1") + "lr: 1\n")
    checked = call("config", "check", "wrong.yaml", "seed=x")
    assert (checked.code, checked.out) == (2, "")
    assert [line.split(": ")[:2] for line in checked.err.splitlines()] == [
        ["wrong.yaml:6", "eta"],
        ["wrong.yaml:7", "batch_size"],
        ["wrong.yaml:13", "lr"],
        ["command line", "seed"],
    ]


def test_check_reads_standard_input(call: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"dataset: mnist\n")))
    checked = call("config", "check", "-")
    assert checked.code == 2
    assert all(line.startswith("<stdin>:") for line in checked.err.splitlines())


def test_show_prints_a_config_that_shows_the_same(call: Callable[..., Outcome], desk: Path) -> None:
    shown = call("config", "show", "linear.yaml", "eta=1e-3", "patience=null")
    assert (shown.code, shown.err) == (0, "")
    assert "eta: 0.001\n" in shown.out
    assert "patience: null\n" in shown.out
    assert "monitor: val_loss\n" in shown.out
    (desk / "again.yaml").write_text(shown.out)
    assert call("config", "show", "again.yaml").out == shown.out


def test_schema_is_a_json_schema(call: Callable[..., Outcome]) -> None:
    schema = json.loads(call("config", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {line.split(":")[0] for line in CONFIG.splitlines()} <= set(schema["properties"])
