from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

RESULTS = ["best_epoch", "val_accuracy", "test_accuracy", "parameters", "seconds", "status"]


@pytest.fixture
def three_runs(with_run: Path) -> Path:
    """The run, one with another eta that was better, and one whose summary is broken."""
    better = Path(shutil.copytree(with_run, with_run.with_name("linear-002")))
    config = (better / "config.yaml").read_text()
    (better / "config.yaml").write_text(config.replace("eta: 0.1", "eta: 0.2"))
    summary = json.loads((better / "summary.json").read_text())
    (better / "summary.json").write_text(json.dumps(summary | {"val_accuracy": 0.99, "seconds": 2.5}))
    broken = Path(shutil.copytree(with_run, with_run.with_name("linear-003")))
    (broken / "summary.json").write_text("{")
    return with_run.parent


@pytest.mark.usefixtures("three_runs")
def test_csv_has_the_differing_keys_then_the_results_best_first(call: Callable[..., Outcome]) -> None:
    shown = call("compare", "--format", "csv")
    assert (shown.code, shown.err) == (0, "")
    rows = list(csv.reader(io.StringIO(shown.out)))
    assert rows[0] == ["run", "eta", *RESULTS]
    assert rows[1] == ["linear-002", "0.2", "3", "0.99", "", "7850", "2.5", "finished"]
    assert rows[2][:2] == ["linear-001", "0.1"]
    assert rows[3][:2] == ["linear-003", "0.1"]
    assert rows[3][-1].startswith("broken: summary.json is broken: not valid JSON")
    assert len(rows) == 4


@pytest.mark.usefixtures("three_runs")
def test_json_has_an_object_a_run_with_the_columns_of_csv(call: Callable[..., Outcome]) -> None:
    rows = json.loads(call("compare", "--format", "json").out)
    assert [list(row) for row in rows] == 3 * [["run", "eta", *RESULTS]]
    assert (rows[0]["run"], rows[0]["eta"], rows[0]["val_accuracy"]) == ("linear-002", 0.2, 0.99)
    assert rows[2]["val_accuracy"] is None
    every = json.loads(call("compare", "--format", "json", "--all").out)
    header = call("compare", "--format", "csv", "--all").out.splitlines()[0]
    assert [",".join(row) for row in every] == 3 * [header]
    assert every[0]["architecture"] == [784, 10]


@pytest.mark.usefixtures("three_runs")
def test_markdown_is_a_table_with_a_line_a_run(call: Callable[..., Outcome]) -> None:
    lines = call("compare", "--format", "markdown").out.splitlines()
    assert lines[0] == f"| {' | '.join(['run', 'eta', *RESULTS])} |"
    assert lines[1] == "|" + 8 * " --- |"
    assert lines[2] == "| linear-002 | 0.2 | 3 | 99.00% |  | 7,850 | 2.5 | finished |"
    assert len(lines) == 5


@pytest.mark.usefixtures("three_runs")
def test_the_table_is_plain_in_a_pipe_and_not_cut(nnlab: Callable[..., Outcome]) -> None:
    shown = nnlab("compare", "--all", COLUMNS="40")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:4] == ["run", "name", "dataset", "dataset_options"]
    assert all(len(line) > 300 for line in lines)
    assert not any(char in shown.out for char in "\x1b\r…─")


@pytest.mark.usefixtures("three_runs")
def test_sort_top_and_columns(call: Callable[..., Outcome]) -> None:
    def shown(*arguments: str) -> list[str]:
        return call("compare", "--format", "csv", "--columns", "run,eta", *arguments).out.splitlines()

    assert shown("--sort", "eta") == ["run,eta", "linear-001,0.1", "linear-003,0.1", "linear-002,0.2"]
    assert shown("--sort", "-eta") == ["run,eta", "linear-002,0.2", "linear-001,0.1", "linear-003,0.1"]
    assert shown("--sort", "val_accuracy", "--top", "1") == ["run,eta", "linear-001,0.1"]
    assert shown("linear-003", "runs/linear-001") == ["run,eta", "linear-001,0.1", "linear-003,0.1"]


def test_runs_of_another_folder(call: Callable[..., Outcome], three_runs: Path) -> None:
    three_runs.rename(three_runs.with_name("elsewhere"))
    shown = call("compare", "--runs", "elsewhere", "--columns", "run", "--format", "csv")
    assert shown.out == "run\nlinear-002\nlinear-001\nlinear-003\n"
    shown = call("compare", "elsewhere/linear-001", "--columns", "run", "--format", "csv")
    assert shown.out == "run\nelsewhere/linear-001\n"


@pytest.mark.parametrize("output_format", ["csv", "table"])
def test_a_reader_that_leaves_after_the_first_line_is_no_error(
    with_run: Path, desk: Path, output_format: str
) -> None:
    """As `nnlab compare | head -1`, with more output than a pipe holds."""
    for number in range(2, 200):
        copy = with_run.with_name(f"linear-{number:03}")
        copy.mkdir()
        for name in ("config.yaml", "summary.json"):
            os.link(with_run / name, copy / name)
    process = subprocess.Popen(
        [*COMMAND, "compare", "--all", "--format", output_format],
        cwd=desk,
        env=environment(desk),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline().startswith("run")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_config_with_many_mistakes_is_one_line_of_every_table(
    call: Callable[..., Outcome], with_run: Path
) -> None:
    (with_run / "config.yaml").write_text("eta: 1\neta: 2\neta: 3\n")
    assert call("compare", "--format", "csv").out.count("\n") == 2
    assert call("compare", "--format", "markdown").out.count("\n") == 3


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_what_a_file_holds_cannot_steer_the_terminal(
    call: Callable[..., Outcome], with_run: Path, style: str
) -> None:
    config = (with_run / "config.yaml").read_text()
    (with_run / "config.yaml").write_text(config.replace("description: ''", r'description: "\e[31mred\nrow"'))
    shown = call("compare", "--columns", "run,description", "--format", style)
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert r"\x1b[31mred" in shown.out.replace(r"\\x1b\[", r"\x1b[")  # as Markdown is read
    (row,) = [line for line in shown.out.splitlines() if "linear-001" in line]
    assert "row" in row
    (with_run / "summary.json").write_text(r'{"\u001b[31m": 1}')
    refused = call("compare", "--columns", "run,status", "--format", style)
    assert "\x1b" not in refused.out
