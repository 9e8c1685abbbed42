"""The reference is current, and says what files and commands really hold."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from nnlab import errors
from nnlab.cli import app
from nnlab.config import BASELINES, Baseline, load_experiment
from nnlab.datasets import TOYS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def section(page: Path, heading: str) -> str:
    """Return what stands below a heading of a page, up to the next one."""
    (found,) = re.findall(
        rf"(?ms)^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8")
    )
    return str(found)


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables in `text`, without the heads."""
    return [cell.strip("`") for cell in re.findall(r"(?m)^\| (`.+?`|\d+) \|", text)]


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.stem)
def test_what_is_generated_is_current(page: Path) -> None:
    renewed = runpy.run_path(str(ROOT / "docs" / "generate.py"))["renewed"]
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make docs`"


def helps(group: TyperGroup, prefix: str = "") -> dict[str, str | None]:
    """Return the help of every command by its name."""
    found = {}
    for name, command in group.commands.items():
        found[prefix + name] = command.help
        if isinstance(command, TyperGroup):
            found |= helps(command, f"{prefix}{name} ")
    return found


def test_the_help_of_every_command_has_an_example() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for name, text in helps(group).items():
        assert f"nnlab {name}" in (text or "")


def test_the_files_of_a_run_hold_what_the_page_says(tmp_path: Path) -> None:
    for arguments in ("train xor diagnostics=true epochs=2 -q", "eval"):
        command = [sys.executable, "-m", "nnlab", *arguments.split(), "--runs", str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True)
    run, page = tmp_path / "xor-001", REFERENCE / "run-folder.md"
    files = {path.name for path in run.iterdir()}
    assert set(first_cells(section(page, "The folder"))) == files | {".lock"}
    for name in files:
        if name.endswith(".csv"):
            names = (run / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        elif name.endswith(".json"):
            names = list(json.loads((run / name).read_text(encoding="utf-8")))
        else:
            continue
        assert first_cells(section(page, name)) == names


def test_every_kind_of_error_has_its_exit_code() -> None:
    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {0} | {kind.exit_code for kind in kinds if issubclass(kind, errors.NnlabError)}
    assert first_cells(section(REFERENCE / "run-folder.md", "Exit codes")) == [
        str(code) for code in sorted(codes)
    ]


def test_every_toy_and_every_baseline_has_its_row() -> None:
    toys = section(REFERENCE / "configuration.md", "Toy datasets").partition("<!-- begin")[0]
    assert set(first_cells(toys)) == set(TOYS)
    page = (ROOT / "docs" / "how-to" / "baselines.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \|.*\| (.*)\|$", page))
    for name, model in BASELINES.items():
        assert re.findall(r"\w+", rows.pop(name)) == [
            key for key in model.model_fields if key not in Baseline.model_fields
        ]
    assert not rows


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_loads_under_its_own_name_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert load_experiment(path).name == path.stem
    assert text.startswith("# yaml-language-server: $schema=experiment.schema.json\n#\n# ")
    assert f"nnlab train configs/{path.name}" in text
