"""Imports go only downwards, and only the command line prints or exits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nnlab

PACKAGE = Path(nnlab.__file__).parent
MODULES = {path.relative_to(PACKAGE.parent).as_posix(): path for path in PACKAGE.rglob("*.py")}

# From the bottom up. Parts of one line know nothing of one another.
LAYERS = [
    {"errors", "options", "randomness", "shipped", "signals"},
    {"extras", "files", "network"},
    {"rendering", "datasets", "optimisation", "augmentation"},
    {"config"},
    {"training", "baselines"},
    {"runs", "demos", "digits"},
    {"analysis"},
    {"jobs", "plots", "report"},
    {"sweeps"},
    {"interface", "cli"},
    {"__init__", "__main__"},
]
LEVELS = {part: level for level, layer in enumerate(LAYERS) for part in layer}
# Knowing no more than their own mathematics.
ALONE = {"errors", "randomness", "shipped", "signals", "network"}

each_module = pytest.mark.parametrize("module", MODULES)


def imported(module: str) -> set[str]:
    """Return the dotted names that a module imports, those for its annotations included."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(name: str) -> str:
    """Return `network` for `nnlab/network/outputs.py` and for `nnlab.network.outputs.OUTPUTS`."""
    return name.removesuffix(".py").replace("/", ".").split(".")[1]


def test_every_part_has_its_layer() -> None:
    assert {part(module) for module in MODULES} == set(LEVELS)


@each_module
def test_imports_go_only_downwards(module: str) -> None:
    here = part(module)
    parts = {part(name) for name in imported(module) if name.startswith("nnlab.")} - {here, "__version__"}
    if here in ALONE:
        assert not parts
    assert all(LEVELS[other] < LEVELS[here] for other in parts)


@each_module
def test_only_the_command_line_prints_or_exits(module: str) -> None:
    if part(module) in {"cli", "__main__"}:
        return
    libraries = {name.split(".")[0] for name in imported(module)}
    assert "typer" not in libraries
    assert "rich" not in libraries or part(module) == "rendering"
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        assert name not in {"stdout", "stderr", "exit", "_exit", "SystemExit"}
        assert not isinstance(node, ast.Name) or name != "print"  # a console of rich prints into a buffer


@each_module
def test_no_pickle_and_no_module_for_everything(module: str) -> None:
    assert not {name.split(".")[0] for name in imported(module)} & {"pickle", "marshal", "shelve", "dill"}
    assert Path(module).stem not in {"utils", "base", "helpers", "common", "manager", "misc"}


@each_module
def test_only_those_who_own_a_process_handle_signals_or_draw_bars(module: str) -> None:
    libraries = {name.split(".")[0] for name in imported(module)} & {"signal", "tqdm"}
    # A download has a bar of its own, which its caller switches on.
    allowed = {
        "cli": {"signal", "tqdm"},
        "interface": {"signal", "tqdm"},
        "datasets": {"tqdm"},
        "__main__": {"signal"},
        "signals": {"signal"},
        "sweeps": {"signal"},  # its worker processes leave Ctrl-C to the sweep
    }
    assert libraries <= allowed.get(part(module), set())
