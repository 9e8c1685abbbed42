"""Options that several commands share, so that they have one meaning and one help text."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from nnlab import shipped
from nnlab.cli import completion
from nnlab.cli.arguments import is_override
from nnlab.cli.output import write_stdout
from nnlab.errors import UsageError

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Look for datasets here first, and download to here (or NNLAB_DATA_DIR).",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never download.")]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="The folder of all runs (or NNLAB_RUNS).  [default: runs]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result.")]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The experiment's name, for its run folder.")
]
Config = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG|-",
        help="A config file, or the name of a shipped one; - is standard input.",
        autocompletion=completion.configs,
    ),
]
RunsOrSweep = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN|SWEEP",
        help="Run folders, their names, patterns, or a sweep.  [default: the newest run]",
        show_default=False,
        autocompletion=completion.runs_and_sweeps,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Keys of the config to override.",
        show_default=False,
        autocompletion=completion.keys,
    ),
]


def command_line() -> list[str]:
    """Return the words of this command, to be recorded in the run that it makes."""
    return ["nnlab", *sys.argv[1:]]


def print_help_without_command(context: typer.Context) -> None:
    """Print the help of a group of commands if no command is given."""
    if context.invoked_subcommand is None:
        write_stdout(context.get_help() + "\n")


def config_path(config: str) -> Path | None:
    """Return the path that CONFIG stands for, a file or a shipped config; None for standard input."""
    if not config:
        raise UsageError("CONFIG is empty; name a file, or a shipped config such as mnist_softmax")
    if config == "-":
        return None
    path = shipped.path_of(config)
    if re.match(r"[\w.-]+=", config) and is_override(config):
        raise UsageError(f"{config} overrides a key; name the CONFIG before it")
    return path
