"""The documentation is tested: what README.md and the configs say is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from nnlab.cli import app
from nnlab.config import Experiment, json_schema, load_experiment
from nnlab.datasets import Options
from nnlab.network import ACTIVATIONS, INITIALISERS, OUTPUTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def commands(group: TyperGroup | None = None, prefix: str = "") -> dict[str, str]:
    """Return the help of every command by its full name."""
    group = group or typer.main.get_command(app)
    found = {}
    for name, command in group.commands.items():
        found[prefix + name] = command.help
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


def test_the_tour_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    tour = re.search(r"<!-- tour -->\n```sh\n(.*?)```", README, flags=re.DOTALL)[1]
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", tour],
        cwd=tmp_path,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "run,eta,test_accuracy\nmnist_linear-00" in result.stdout
    assert (tmp_path / "runs/mnist_linear-001/metrics.csv").read_text().count("\n") == 1 + 8


def test_the_readme_has_no_blanks_left() -> None:
    assert "@@" not in README
