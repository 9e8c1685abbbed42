"""`nnlab compare` of settings: what it prints on a terminal, in a pipe, and for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import COMMAND, Laboratory
from tests.untrained_runs import make_untrained_run

if TYPE_CHECKING:
    from pathlib import Path

ACCURACIES = {0.1: (0.90, 0.91, 0.92), 0.5: (0.95, 0.96, 0.94)}


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    """A laboratory with a sweep of two settings with three seeds each, one of them measured."""
    runs = tmp_path / "runs" / "rates"
    runs.mkdir(parents=True)
    for eta, accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            make_untrained_run(
                runs / f"{eta}-{seed}",
                summary={"val_accuracy": accuracy, "val_loss": 1 - accuracy},
                test_accuracy=accuracy - 0.01 if seed == 0 else None,
                eta=eta,
                seed=seed,
            )
    (runs / "0.1-7.log").write_text("why it failed")
    (runs / ".0.1-8.01234567.new").mkdir()
    return Laboratory(tmp_path)


def test_a_sweep_is_grouped(lab: Laboratory) -> None:
    outcome = lab.call("compare", "rates")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "Validation accuracy, by which settings are ranked and chosen\n"
        "eta   n     mean       ±      sd      min      max\n"
        "──────────────────────────────────────────────────\n"
        "0.5   3   95.00%   2.48%   1.00%   94.00%   96.00%\n"
        "0.1   3   91.00%   2.48%   1.00%   90.00%   92.00%\n"
        "\n"
        "Test accuracy, for the final report and not for the choice\n"
        "eta   n     mean   ±   sd      min      max\n"
        "───────────────────────────────────────────\n"
        "0.5   1   94.00%   –    –   94.00%   94.00%\n"
        "0.1   1   89.00%   –    –   89.00%   89.00%\n"
        "\n"
        "n counts seeds; ± is the 95% t-interval of the mean over them.\n"
    )


def test_programs_get_all_figures_in_one_row(lab: Laboratory) -> None:
    rows = list(csv.DictReader(io.StringIO(lab.call("compare", "rates", "--format", "csv").out)))
    assert [row["group"] for row in rows] == ["eta=0.5", "eta=0.1"]
    assert rows[0]["eta"] == "0.5"
    assert float(rows[0]["val_accuracy_mean"]) == pytest.approx(0.95)
    assert float(rows[0]["val_accuracy_low"]) == pytest.approx(0.95 - 0.02484, abs=1e-5)
    assert rows[0]["val_loss_n"] == "3"
    assert rows[0]["test_loss_sd"] == ""
    assert rows[0]["diverged"] == rows[0]["unfinished"] == rows[0]["broken"] == "0"
    as_json = json.loads(lab.call("compare", "rates", "--format", "json").out)
    assert [row["group"] for row in as_json] == ["eta=0.5", "eta=0.1"]
    assert lab.call("compare", "rates", "--format", "markdown").out.count("| 0.5 | 3 | 95.00% |") == 1


def test_the_runs_of_a_sweep_are_shown_one_by_one_on_request(lab: Laboratory) -> None:
    lines = lab.call("compare", "rates", "--no-group", "--format", "csv").out.splitlines()
    assert len(lines) == 7
    assert lines[1].startswith("rates/0.5-1,")
    assert lab.call("compare", "rates/0.1-*", "--no-group", "--format", "csv").out.count("\n") == 4


def test_any_runs_are_grouped_on_request(lab: Laboratory) -> None:
    make_untrained_run(lab.folder / "runs" / "a-001", summary={"val_accuracy": 0.5}, eta=0.1, seed=9)
    out = lab.call("compare", "a-001", "rates", "--group", "--format", "csv").out
    assert [line.split(",")[2] for line in out.splitlines()] == ["val_accuracy_n", "3", "4"]


def test_groups_are_tested_against_one(lab: Laboratory) -> None:
    outcome = lab.call("compare", "rates", "--against", "eta=0.1")
    assert outcome.code == 0
    _, _, tested = outcome.out.partition("val_accuracy against eta=0.1, in percentage points\n")
    assert tested.startswith(
        "setting   pairs   difference   95% interval        p\n"
        "────────────────────────────────────────────────────\n"
        "eta=0.5       3        +4.00   -0.30 to +8.30   0.25\n"
    )
    assert (
        "eta=0.5 is 4.00 ± 4.30 points better than eta=0.1 in validation accuracy (3\nseeds, p = 0.25); "
        in tested
    )
    assert "in test accuracy (1" in tested
    assert outcome.out.endswith(
        "Runs are paired by seed. The interval is the 95% t-interval of the mean\n"
        "difference; p is from an exact sign-flip permutation test.\n"
    )
    (row, _) = json.loads(lab.call("compare", "rates", "--against", "eta=.1", "--format", "json").out)
    assert (row["group"], row["against"], row["pairs"], row["p"]) == ("eta=0.5", "eta=0.1", 3, 0.25)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["rates", "--against", "eta=3"],
            2,
            "no group matches --against 'eta=3'; name one of: eta=0.5; eta=0.1",
        ),
        (["rates", "--columns", "eta"], 2, "--columns and --all choose columns of runs; add --no-group"),
        (["rates", "--sort", "val"], 2, "groups have no column 'val'"),
        ([], 5, "runs has no runs but those of sweeps; name one: rates"),
    ],
)
def test_a_mistake_names_the_remedy(lab: Laboratory, arguments: list[str], code: int, message: str) -> None:
    outcome = lab.call("compare", *arguments)
    assert outcome.code == code
    assert outcome.err.startswith(f"nnlab: {message}")
    assert outcome.err.count("\n") == 1


def test_a_command_that_takes_one_run_names_one_of_the_sweep(lab: Laboratory) -> None:
    outcome = lab.call("train", "--resume", "rates")
    assert outcome.code == 5
    assert outcome.err == "nnlab: rates is a sweep of 6 runs; name one of them, such as rates/0.1-0\n"


def test_groups_without_figures_are_listed(lab: Laboratory) -> None:
    make_untrained_run(lab.folder / "runs" / "rates" / "new", summary=None, eta=0.7)
    out = lab.call("compare", "rates").out
    assert re.search(r"0\.7   0        –       –       –        –        –            1\n", out)


def test_two_runs_are_compared_image_by_image(lab: Laboratory) -> None:
    lab.config()
    for eta in ("0.1", "0.3"):
        assert lab.call("train", "linear.yaml", f"eta={eta}", "-q").code == 0
    outcome = lab.call("compare", "linear-001", "linear-002", "--against", "linear-001")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "10,000 test examples, against linear-001"
    assert lines[1].split("  ")[0] == "run"
    assert max(map(len, lines)) <= 80
    assert re.search(
        r"^linear-002 makes [\d,]+ fewer errors than linear-001 \(p = ", outcome.out, re.MULTILINE
    )
    (row,) = json.loads(lab.call("compare", "linear-*", "--against", "linear-001", "--format", "json").out)
    assert row["low"] < row["accuracy"] < row["high"]
    assert row["only_run"] - row["only_against"] == round(
        10_000 * (row["accuracy"] - row["against_accuracy"])
    )
    alone = lab.call("compare", "linear-001", "--against", "linear-001")
    assert (alone.code, alone.err) == (2, "nnlab: name another run to compare with linear-001\n")


def test_without_scipy_the_extra_is_named(lab: Laboratory) -> None:
    (lab.folder / "scipy.py").write_text("raise ImportError")
    grouped = lab.run("env", f"PYTHONPATH={lab.folder}", *command("compare", "rates"))
    assert grouped.code == 0
    assert "95.00%" in grouped.out
    assert "pip install 'nnlab[statistics]'" in grouped.err
    tested = lab.run("env", f"PYTHONPATH={lab.folder}", *command("compare", "rates", "--against", "best"))
    assert tested.code == 1
    assert tested.err == "nnlab: t-intervals need SciPy; install it with: pip install 'nnlab[statistics]'\n"


def command(*arguments: str) -> tuple[str, ...]:
    return (*COMMAND, *arguments)
