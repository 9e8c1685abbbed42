"""The command line: one file a command. Only here is anything printed, and only here does nnlab exit."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nnlab import __version__
from nnlab.cli import compare, config, data, evaluate, train
from nnlab.cli.output import complain, emit
from nnlab.cli.signals import Interrupted, die_by, interruptible
from nnlab.errors import ConfigError, NnlabError

app = typer.Typer(
    name="nnlab",
    rich_markup_mode=None,  # plain help: fast to print, good to pipe
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("train")(train.train)
app.command("eval")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.add_typer(config.app, name="config")
app.add_typer(data.app, name="data")


@app.callback(invoke_without_command=True)
def nnlab(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Train, evaluate and compare neural networks on MNIST.

    An experiment is a YAML file; a run is a folder.

    \b
    Examples:
      nnlab train configs/mnist_softmax.yaml
      nnlab eval
      nnlab compare
    """
    if version:
        emit(f"nnlab {__version__}\n")
    elif context.invoked_subcommand is None:
        emit(context.get_help() + "\n")


def main() -> None:
    """Run the command line and exit with the code that CONTRACT.md gives its outcome."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream, in a process
    try:
        with interruptible():
            sys.exit(app(standalone_mode=False))
    except ConfigError as error:
        complain(str(error))  # each line begins with a place in a file, which an editor can jump to
        sys.exit(error.exit_code)
    except NnlabError as error:
        complain(f"nnlab: {error}")
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "nnlab"
        complain(f"nnlab: {error.format_message().rstrip('.')}; see `{command} --help`")
        sys.exit(error.exit_code)
    except Interrupted as interrupted:
        die_by(interrupted.signal)
