from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from nnlab import __version__
from nnlab.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.laboratory import Laboratory


def commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - typer's own type
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, *path, name)


COMMANDS = list(commands(typer.main.get_command(app)))
GROUPS = {("config",), ("data",)}


def test_all_commands_of_the_contract_are_there() -> None:
    assert set(COMMANDS) >= {
        ("train",),
        ("eval",),
        ("compare",),
        *(("config", name) for name in ("check", "show", "schema")),
        *(("data", name) for name in ("list", "download", "verify", "path")),
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(lab: Laboratory, path: tuple[str, ...], flag: str) -> None:
    shown = lab.call(*path, flag)
    assert (shown.code, shown.err) == (0, "")
    usage = " ".join(path)  # after the program's name, which is that of the tests here
    assert re.match(rf"Usage: .*{usage} \[OPTIONS\]", shown.out)
    if path not in GROUPS:
        example = shown.out.partition("Example")[2]
        assert " ".join(["nnlab", *path]) in example
    assert max(map(len, shown.out.splitlines())) <= 100


def test_nnlab_alone_shows_its_help(lab: Laboratory) -> None:
    alone = lab.nnlab()
    assert (alone.code, alone.err) == (0, "")
    assert alone == lab.nnlab("--help")
    assert {path[0] for path in COMMANDS if path} <= set(alone.out.split())


def test_the_version(lab: Laboratory) -> None:
    assert lab.nnlab("--version") == (0, f"nnlab {__version__}\n", "")
