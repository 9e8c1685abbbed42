"""`nnlab config`: check a config file, show what it resolves to, print the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli.options import Config, Overrides, config_path, help_if_alone
from nnlab.cli.output import emit

app = typer.Typer(
    callback=help_if_alone,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="""Check and show config files.

    \b
    Example:
      nnlab config check configs/mnist_softmax.yaml
    """,
)


@app.command(short_help="Report all mistakes of a config file.")
def check(config: Config, overrides: Overrides = None) -> None:
    """Report all mistakes of a config file, one a line; exit with 2 if there are any.

    \b
    Example:
      nnlab config check configs/mnist_softmax.yaml
    """
    from nnlab.config import load_experiment
    from nnlab.config.source import place_of

    experiment = load_experiment(config_path(config), overrides or ())
    emit(f"{place_of(config_path(config))}: no mistakes; the experiment is {experiment.name}\n")


@app.command(short_help="Print a config with every key.")
def show(config: Config, overrides: Overrides = None) -> None:
    """Print the experiment with every key, defaults and overrides included, as a config file.

    \b
    Example:
      nnlab config show configs/mnist_softmax.yaml eta=0.1 > slow.yaml
    """
    from nnlab.config import dump, load_experiment

    emit(dump(load_experiment(config_path(config), overrides or ())))


@app.command(short_help="Print the JSON Schema for editors.")
def schema(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it to this file, and print its path."),
    ] = None,
) -> None:
    """Print the JSON Schema of config files, for an editor's YAML language server.

    \b
    Example:
      nnlab config schema -o experiment.schema.json
    Then let a config's first line be:
      # yaml-language-server: $schema=experiment.schema.json
    """
    import json

    from nnlab.config import json_schema
    from nnlab.errors import UsageError
    from nnlab.files import atomic_write

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        emit(text)
        return
    not_a_file = UsageError(f"cannot write {output}: not a file; name one, such as experiment.schema.json")
    if not output.name:
        raise not_a_file
    with atomic_write(output) as file:
        # The file takes the place of what has that name: not of a device, nor of a link to a file elsewhere.
        if output.is_symlink() or (output.exists() and not output.is_file()):
            raise not_a_file
        file.write(text.encode())
    emit(f"{output}\n")
