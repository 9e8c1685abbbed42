"""The documentation is tested: what README.md and the configs say is so."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from nnlab.cli import app
from nnlab.config import BASELINES, Experiment, json_schema, load_experiment
from nnlab.datasets import Options
from nnlab.demos import DEMOS
from nnlab.network import ACTIVATIONS, INITIALISERS, OUTPUTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def commands(group: TyperGroup | None = None, prefix: str = "") -> dict[str, str]:
    """Return the help of every command by its full name."""
    if group is None:
        top = typer.main.get_command(app)
        assert isinstance(top, TyperGroup)
        group = top
    found = {}
    for name, command in group.commands.items():
        found[prefix + name] = command.help or ""
        if isinstance(command, TyperGroup):
            found |= commands(command, f"{prefix}{name} ")
    return found


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example_and_is_in_the_readme(name: str) -> None:
    assert f"nnlab {name}" in commands()[name]
    assert re.search(rf"nnlab {name.partition(' ')[0]}\b", README)


def test_the_readme_lists_every_key_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", README, flags=re.MULTILINE))
    assert list(rows) == list(Experiment.model_fields)
    required = json_schema()["required"]
    for key, field in Experiment.model_fields.items():
        if key in required:
            assert rows[key] == "required"
        elif key != "name":
            written = {"''": '""', "None": "null", "False": "false", repr(Options()): "{}"}
            default = repr(field.default)
            assert rows[key].strip("`") == written.get(default, default.strip("'"))


def test_the_readme_names_every_pair_activation_and_initialisation() -> None:
    for name in {*ACTIVATIONS, *INITIALISERS} | {word for pair in OUTPUTS for word in pair}:
        assert f"`{name}`" in README


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_loads_under_its_own_name_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert load_experiment(path).name == path.stem
    assert text.startswith("# yaml-language-server: $schema=experiment.schema.json\n#\n# ")
    assert f"nnlab train configs/{path.name}" in text


def run_script(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script in an empty folder that has the configs, with this nnlab on the path."""
    (folder / "configs").symlink_to(ROOT / "configs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_tour_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    (tour,) = re.findall(r"<!-- tour -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
    result = run_script(tour, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "run,eta,test_accuracy\nmnist_linear-00" in result.stdout
    assert (tmp_path / "runs/mnist_linear-001/metrics.csv").read_text().count("\n") == 1 + 8


def test_the_readme_has_no_blanks_left() -> None:
    assert "@@" not in README


def section(heading: str) -> str:
    """Return what stands below a heading of the README."""
    found = re.search(rf"(?ms)^#+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", README)
    assert found
    return found[1]


def script_of(heading: str) -> str:
    """Return the shell script below a heading of the README."""
    found = re.search(r"(?s)```sh\n(.*?)```", section(heading))
    assert found
    return found[1]


def test_the_question_which_is_better_has_a_script_that_runs(tmp_path: Path) -> None:
    script = script_of("Which is better?").replace("0 1 2 3 4", "0 1").replace("0.02 0.1 0.5", "0.1")
    assert script.count("train_size") == 0
    small = script.replace("$pair", "$pair train_size=500 validation_size=500 epochs=2")
    result = run_script(small, tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"0\.1 sigmoid +\d+\.\d\d %\n0\.1 softmax +\d+\.\d\d %\n", result.stdout)


def test_every_promise_names_tests_that_are_there_and_every_harness_holds_one() -> None:
    promises = re.findall(r"(?m)^\|.*\|(.*)\|$", section("What nnlab promises"))[2:]
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
    program = (ROOT / "tests/torture/__main__.py").read_text(encoding="utf-8")
    listed = re.findall(r'^    "(\w+)": \d+,$', program, flags=re.MULTILINE)
    assert harnesses == set(listed)


LECTURE = (ROOT / "nnlab" / "demos" / "README.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in LECTURE.splitlines()
    if line.startswith("| ") and not line.startswith("| lecture")
]
PLACES = sorted({place for row in ROWS for place in re.findall(r"`(.+?)`", " ".join(row[1:]))})


def test_the_page_of_the_lecture_has_every_equation_and_every_demo() -> None:
    numbers = {int(number) for row in ROWS for number in re.findall(r"\((\d+)\)", row[0])}
    assert numbers >= set(range(1, 29))
    assert {place.removeprefix("nnlab demo ") for place in PLACES if place.startswith("nnlab demo ")} == {
        *DEMOS
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_row_of_the_page_has_a_place_and_a_test(row: list[str]) -> None:
    _, places, held_by = row
    assert "`" in places or "README.md" in places
    assert "Claims" in held_by or "tests/" in held_by
    if "Claims" in held_by:
        assert "nnlab demo " in places


@pytest.mark.parametrize("place", PLACES)
def test_what_the_page_of_the_lecture_names_is_there(place: str) -> None:
    if place.startswith("tests/"):
        path, _, name = place.partition("::")
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    elif place.startswith("configs/"):
        assert ROOT / place in CONFIGS
    elif place.startswith("nnlab."):
        resolve(place)
    elif place.startswith("nnlab "):
        words = place.split()
        assert words[1] in commands()
        if words[1] in ("demo", "baseline"):
            assert words[2] in {"demo": {*map(str, DEMOS)}, "baseline": {*map(str, BASELINES)}}[words[1]]
    else:
        assert place in Experiment.model_fields


def resolve(name: str) -> object:
    """Return what a dotted name stands for."""
    found, parts = importlib.import_module("nnlab"), name.split(".")[1:]
    for index, part in enumerate(parts):
        if not hasattr(found, part):
            importlib.import_module(".".join(["nnlab", *parts[: index + 1]]))
        found = getattr(found, part)
    return found
