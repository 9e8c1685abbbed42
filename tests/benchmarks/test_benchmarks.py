"""The benchmarks run from end to end, and find out who trains another network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMMAND = [sys.executable, HERE, "--parts", "steps", "--epochs", "2", "--examples", "500"]


def test_without_peers_nnlab_is_measured_against_its_products(tmp_path: Path) -> None:
    command = [*COMMAND, "--workloads", "AC", "--results", tmp_path]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == (tmp_path / "RESULTS.md").read_text()

    results = json.loads((tmp_path / "results.json").read_text())["steps"]["results"]
    assert list(results["versions"]) == ["nnlab", "products"]
    for measured in results["workloads"]:
        assert measured["threads"]["nnlab"] == 1
        assert measured["seconds"].keys() >= {"nnlab", "products"}
        assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in measured["seconds"].values())
        assert 0 < measured["losses"]["nnlab"] < 5
    assert re.search(
        r"^\| C, nnlab \| \d+\.\d\d \(\d+\.\d\d–\d+\.\d\d\) [✓✗] ≤ 1\.50 \|$", printed, re.MULTILINE
    )


def test_a_part_that_is_not_measured_keeps_its_results(tmp_path: Path) -> None:
    earlier = {"growth": {"machine": {}, "results": {"versions": {}, "series": {}}}}
    (tmp_path / "results.json").write_text(json.dumps(earlier))
    subprocess.run([*COMMAND, "--workloads", "A", "--results", tmp_path], check=True, capture_output=True)
    assert json.loads((tmp_path / "results.json").read_text()).items() > earlier.items()
    assert "## How the cost grows" in (tmp_path / "RESULTS.md").read_text()


def test_a_peer_that_does_not_start_is_left_out(tmp_path: Path) -> None:
    # A Python with NumPy and without any of the peers: this one, where none is installed.
    command = [*COMMAND, "--workloads", "A", "--peers", sys.executable, "--results", tmp_path]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    left_out = re.findall(r"^(.*) is left out", run.stderr, re.MULTILINE)
    results = json.loads((tmp_path / "results.json").read_text())["steps"]["results"]
    assert {*left_out, *results["versions"]} == {"nnlab", "products", "pytorch", "jax", "scikit-learn"}


@pytest.mark.parametrize("other", ["0.31", "nan"])
def test_another_network_is_found_out(other: str) -> None:
    losses = f"{{'nnlab': 0.3, 'other': float('{other}')}}"
    check = f"from steps import check_agreement; check_agreement({losses}, 'A')"
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", check]
    run = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert "RuntimeError: A: not the same network" in run.stderr
