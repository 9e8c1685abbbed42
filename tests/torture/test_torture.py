"""Every harness with a small count; `make torture` runs them in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("harness", "count"),
    [
        ("kills", 6),
        ("system_calls", 15),
        ("power_loss", 100),
        ("places", 150),
        ("disks", 8),
        ("races", 8),
        ("checkpoints", 150),
        ("records", 50),
        ("configs", 100),
        ("dataset_files", 30),
        ("downloads", 10),
        ("extremes", 50),
    ],
)
def test_it_holds_what_is_promised(harness: str, count: int) -> None:
    command = [sys.executable, HERE, harness, "--count", str(count), "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{harness}: ")
    if done.stdout.startswith(f"{harness}: skipped: "):
        pytest.skip(done.stdout.strip())
