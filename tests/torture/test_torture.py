"""Every harness with a small count; `make torture` runs them in full."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.laboratory import ROOT


@pytest.mark.parametrize(
    ("harness", "count"),
    [
        ("kills", 4),
        ("system_calls", 10),
        ("power_loss", 60),
        ("places", 80),
        ("disks", 6),
        ("races", 5),
        ("checkpoints", 80),
        ("records", 25),
        ("configs", 60),
        ("dataset_files", 20),
        ("downloads", 6),
        ("extremes", 30),
        ("sweeps", 8),
    ],
)
def test_it_holds_what_is_promised(harness: str, count: int) -> None:
    command = [sys.executable, "-m", "tests.torture", harness, "--count", str(count), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{harness}: ")
    if done.stdout.startswith(f"{harness}: skipped: "):
        pytest.skip(done.stdout.strip())
