from __future__ import annotations

import io
import json
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from .conftest import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def test_schema_writes_a_file_and_prints_its_path(call: Callable[..., Outcome], desk: Path) -> None:
    printed = call("config", "schema").out
    (desk / "old.json").write_text("old")
    for name in ("new.json", "old.json"):
        assert call("config", "schema", "-o", name) == (0, f"{name}\n", "")
        assert (desk / name).read_text(encoding="utf-8") == printed
    assert not list(desk.glob(".*.tmp"))


NOT_A_FILE = "not a file; name one, such as experiment.schema.json"


@pytest.mark.parametrize(
    ("file", "code", "why"),
    [
        ("", 2, f"cannot write .: {NOT_A_FILE}"),
        ("folder", 2, f"cannot write folder: {NOT_A_FILE}"),
        ("pipe", 2, f"cannot write pipe: {NOT_A_FILE}"),
        ("link", 2, f"cannot write link: {NOT_A_FILE}"),
        ("loop", 2, f"cannot write loop: {NOT_A_FILE}"),
        ("nowhere/new.json", 1, "cannot write nowhere/new.json: No such file or directory"),
        ("linear.yaml/new.json", 1, "cannot write linear.yaml/new.json: Not a directory"),
        ("x" * 300, 1, f"cannot write {'x' * 300}: File name too long"),
    ],
)
def test_schema_tells_in_a_line_what_cannot_be_written(
    call: Callable[..., Outcome], desk: Path, file: str, code: int, why: str
) -> None:
    (desk / "folder").mkdir()
    os.mkfifo(desk / "pipe")
    (desk / "link").symlink_to("linear.yaml")
    (desk / "loop").symlink_to("loop")
    before = sorted(desk.iterdir())
    assert call("config", "schema", "-o", file) == (code, "", f"nnlab: {why}\n")
    assert sorted(desk.iterdir()) == before
    assert (desk / "linear.yaml").read_text() == CONFIG
    assert (desk / "pipe").is_fifo()
