from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laboratory import Laboratory, Outcome

RESULTS = ["best_epoch", "val_accuracy", "test_accuracy", "parameters", "seconds", "status"]


@pytest.fixture
def three_runs(run: Path) -> Path:
    """The run, one with another eta that was better, and one whose summary is broken."""
    better = Path(shutil.copytree(run, run.with_name("linear-002")))
    config = (better / "config.yaml").read_text()
    (better / "config.yaml").write_text(config.replace("eta: 0.1", "eta: 0.2"))
    summary = json.loads((better / "summary.json").read_text())
    (better / "summary.json").write_text(json.dumps(summary | {"val_accuracy": 0.99, "seconds": 2.5}))
    broken = Path(shutil.copytree(run, run.with_name("linear-003")))
    (broken / "summary.json").write_text("{")
    return run.parent


@pytest.mark.usefixtures("three_runs")
def test_csv_has_the_differing_keys_then_the_results_best_first(lab: Laboratory) -> None:
    shown = lab.call("compare", "--format", "csv")
    assert (shown.code, shown.err) == (0, "")
    rows = list(csv.reader(io.StringIO(shown.out)))
    assert rows[0] == ["run", "eta", *RESULTS]
    assert rows[1] == ["linear-002", "0.2", "3", "0.99", "", "7850", "2.5", "finished"]
    assert rows[2][:2] == ["linear-001", "0.1"]
    assert rows[3][:2] == ["linear-003", "0.1"]
    assert rows[3][-1].startswith("broken: summary.json is broken: not valid JSON")
    assert len(rows) == 4


@pytest.mark.usefixtures("three_runs")
def test_json_has_one_object_per_run_with_the_columns_of_csv(lab: Laboratory) -> None:
    rows = json.loads(lab.call("compare", "--format", "json").out)
    assert [list(row) for row in rows] == 3 * [["run", "eta", *RESULTS]]
    assert (rows[0]["run"], rows[0]["eta"], rows[0]["val_accuracy"]) == ("linear-002", 0.2, 0.99)
    assert rows[2]["val_accuracy"] is None
    every = json.loads(lab.call("compare", "--format", "json", "--all").out)
    header = lab.call("compare", "--format", "csv", "--all").out.splitlines()[0]
    assert [",".join(row) for row in every] == 3 * [header]
    assert every[0]["architecture"] == [784, 10]


@pytest.mark.usefixtures("three_runs")
def test_markdown_is_a_table_with_one_line_per_run(lab: Laboratory) -> None:
    lines = lab.call("compare", "--format", "markdown").out.splitlines()
    assert lines[0] == f"| {' | '.join(['run', 'eta', *RESULTS])} |"
    assert lines[1] == "|" + 8 * " --- |"
    assert lines[2] == "| linear-002 | 0.2 | 3 | 99.00% |  | 7,850 | 2.5 | finished |"
    assert len(lines) == 5


@pytest.mark.usefixtures("three_runs")
def test_the_table_is_plain_in_a_pipe_and_not_cut(lab: Laboratory) -> None:
    shown = lab.nnlab("compare", "--all", COLUMNS="40")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:4] == ["run", "name", "dataset", "dataset_options"]
    assert all(len(line) > 300 for line in lines)
    assert not any(char in shown.out for char in "\x1b\r…─")


@pytest.mark.usefixtures("three_runs")
def test_sort_top_and_columns(lab: Laboratory) -> None:
    def shown(*arguments: str) -> list[str]:
        return lab.call("compare", "--format", "csv", "--columns", "run,eta", *arguments).out.splitlines()

    assert shown("--sort", "eta") == ["run,eta", "linear-001,0.1", "linear-003,0.1", "linear-002,0.2"]
    assert shown("--sort", "-eta") == ["run,eta", "linear-002,0.2", "linear-001,0.1", "linear-003,0.1"]
    assert shown("--sort", "val_accuracy", "--top", "1") == ["run,eta", "linear-001,0.1"]
    assert shown("linear-003", "runs/linear-001") == ["run,eta", "linear-001,0.1", "linear-003,0.1"]


def test_runs_of_another_folder(lab: Laboratory, three_runs: Path) -> None:
    three_runs.rename(three_runs.with_name("elsewhere"))
    shown = lab.call("compare", "--runs", "elsewhere", "--columns", "run", "--format", "csv")
    assert shown.out == "run\nlinear-002\nlinear-001\nlinear-003\n"
    shown = lab.call("compare", "elsewhere/linear-001", "--columns", "run", "--format", "csv")
    assert shown.out == "run\nelsewhere/linear-001\n"


@pytest.mark.parametrize("output_format", ["csv", "table"])
def test_a_reader_that_leaves_after_the_first_line_is_not_an_error(
    run: Path, lab: Laboratory, output_format: str
) -> None:
    """Test `nnlab compare | head -1` with more output than a pipe holds."""
    for number in range(2, 200):
        copy = run.with_name(f"linear-{number:03}")
        copy.mkdir()
        for name in ("config.yaml", "summary.json"):
            os.link(run / name, copy / name)
    with lab.start("compare", "--all", "--format", output_format) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("run")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


def test_a_config_with_many_mistakes_is_one_line_of_every_table(lab: Laboratory, run: Path) -> None:
    (run / "config.yaml").write_text("eta: 1\neta: 2\neta: 3\n")
    assert lab.call("compare", "--format", "csv").out.count("\n") == 2
    assert lab.call("compare", "--format", "markdown").out.count("\n") == 3


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_what_a_file_holds_cannot_steer_the_terminal(lab: Laboratory, run: Path, style: str) -> None:
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("description: ''", r'description: "\e[31mred\nrow"'))
    shown = lab.call("compare", "--columns", "run,description", "--format", style)
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert r"\x1b[31mred" in shown.out.replace(r"\\x1b\[", r"\x1b[")  # as Markdown is read
    (row,) = [line for line in shown.out.splitlines() if "linear-001" in line]
    assert "row" in row
    (run / "summary.json").write_text(r'{"\u001b[31m": 1}')
    refused = lab.call("compare", "--columns", "run,status", "--format", style)
    assert "\x1b" not in refused.out


@pytest.fixture
def three(run: Path) -> Path:
    """Three runs: linear-001, and two that differ in eta and in batch_size."""
    for name, key, old, new in (("fast-001", "eta", "0.1", "1.5"), ("full-001", "batch_size", "64", "full")):
        copy = shutil.copytree(run, run.with_name(name))
        config = copy / "config.yaml"
        config.write_text(config.read_text().replace(f"{key}: {old}", f"{key}: {new}"))
    return run.parent


def shown(outcome: Outcome) -> list[str]:
    """Return the names of the runs in a table of CSV."""
    assert outcome.code == 0, outcome.err
    return [row["run"] for row in csv.DictReader(io.StringIO(outcome.out))]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["f*"], ["fast-001", "full-001"]),
        (["f*", "fast-001", "*-001"], ["fast-001", "full-001", "linear-001"]),
        (["runs/[fl]*"], ["fast-001", "full-001", "linear-001"]),
        (["f?st-001"], ["fast-001"]),
    ],
)
def test_a_pattern_stands_for_all_runs_that_match_it(
    lab: Laboratory, three: Path, patterns: list[str], expected: list[str]
) -> None:
    assert three.is_dir()
    assert shown(lab.call("compare", *patterns, "--sort", "run", "--format", "csv")) == expected


def test_a_pattern_that_matches_nothing_or_several_is_one_line(lab: Laboratory, three: Path) -> None:
    missing = lab.call("compare", "x*")
    assert (missing.code, missing.out) == (5, "")
    assert missing.err.startswith("nnlab: no run x*, neither as a path nor in runs")
    several = lab.call("train", "--resume", "f*")
    assert (several.code, several.out) == (5, "")
    assert several.err == "nnlab: 2 runs match f*: fast-001, full-001; name one of them\n"
    assert lab.call("eval", "fa*").code == 0
    assert (three / "fast-001" / "eval_test.json").exists()


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["eta=0.1"], ["full-001", "linear-001"]),
        (["eta=1e-1", "batch_size=64"], ["linear-001"]),
        (["eta>0.1"], ["fast-001"]),
        (["eta<=1.5"], ["fast-001", "full-001", "linear-001"]),
        (["eta<0.1"], []),
        (["batch_size=full"], ["full-001"]),
        (["batch_size!=full"], ["fast-001", "linear-001"]),
        (["batch_size>=64"], ["fast-001", "linear-001"]),
        (["eta == 0.1"], ["full-001", "linear-001"]),
        (["architecture=784-10"], ["fast-001", "full-001", "linear-001"]),
        (["dataset_options.steps=4"], []),
        (["architecture=[784, 10]"], ["fast-001", "full-001", "linear-001"]),
        (["test_accuracy>0"], []),
        (["test_accuracy="], ["fast-001", "full-001", "linear-001"]),
        (["status = finished"], ["fast-001", "full-001", "linear-001"]),
    ],
)
def test_only_runs_that_meet_every_condition_are_shown(
    lab: Laboratory, three: Path, conditions: list[str], expected: list[str]
) -> None:
    assert three.is_dir()
    where = [word for condition in conditions for word in ("--where", condition)]
    outcome = lab.call("compare", *where, "--sort", "run", "--format", "csv")
    assert shown(outcome) == expected
    told = "" if expected else f"No run has {' and '.join(conditions)}.\n"
    assert outcome.err == told


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("eta", "--where 'eta' is not a condition; write eta=0.1, or val_accuracy>0.97"),
        ("lr=1", "no column 'lr'; did you mean eta?"),
        ("eta<much", "--where 'eta<much': < needs a number, such as eta<0.5"),
        (
            "val_accuracy>97%",
            "--where 'val_accuracy>97%': an accuracy is at most 1; did you mean val_accuracy>0.97?",
        ),
        (
            "test_accuracy<97",
            "--where 'test_accuracy<97': an accuracy is at most 1; did you mean test_accuracy<0.97?",
        ),
        ("eta={", "--where 'eta={': not valid YAML"),
    ],
)
def test_what_is_not_a_condition_is_one_line(lab: Laboratory, three: Path, condition: str, told: str) -> None:
    assert three.is_dir()
    refused = lab.call("compare", "--where", condition)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"nnlab: {told}")
    assert refused.err.count("\n") == 1


def test_what_differs_is_decided_before_the_rows_are_cut(lab: Laboratory, three: Path) -> None:
    assert three.is_dir()
    header = lab.call("compare", "--top", "1", "--format", "csv").out.splitlines()[0]
    assert header.startswith("run,eta,batch_size,best_epoch")
    filtered = lab.call("compare", "--where", "eta=0.1", "--format", "csv").out.splitlines()[0]
    assert filtered.startswith("run,batch_size,best_epoch")


def test_a_condition_in_the_place_of_a_run_gets_a_hint(lab: Laboratory) -> None:
    told = lab.call("compare", "eta=0.1")
    assert (told.code, told.err) == (2, "nnlab: eta=0.1 is not a run; did you mean --where eta=0.1?\n")
    assert "did you mean --where eta=3?" in lab.call("compare", "--eta", "3").err
