"""`nnlab config`: list the shipped configs, check files, show a resolved config, print the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import is_override
from nnlab.cli.options import Config, Overrides, config_path, print_help_without_command
from nnlab.cli.output import write_result, write_stdout
from nnlab.errors import ConfigError, UsageError

app = typer.Typer(
    callback=print_help_without_command,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="""List, check and show config files.

    \b
    Examples:
      nnlab config list
      nnlab config check my.yaml
    """,
)


@app.command("list", short_help="List the configs that come with nnlab.")
def list_configs() -> None:
    """List the configs that come with nnlab, and what each shows; CONFIG may be any of these names.

    \b
    Example:
      nnlab config list
    """
    from nnlab.rendering.pieces import Column, Table
    from nnlab.shipped import configs, purpose

    paths = configs()
    purposes = [purpose(path) for path in paths.values()]
    write_result(Table({"config": Column(list(paths)), "shows": Column(purposes, is_prose=True)}))


@app.command(short_help="Report all mistakes in config files.")
def check(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG|KEY=VALUE",
            help="Config files, shipped configs or - for standard input; keys to override in all of them.",
            show_default=False,
            autocompletion=completion.configs_or_keys,
        ),
    ],
) -> None:
    """Report all mistakes in config files, one per line; exit with 2 if there are any.

    \b
    Examples:
      nnlab config check my.yaml
      nnlab config check configs/*.yaml epochs=5
    """
    from nnlab.config.load import experiment_of, read_document
    from nnlab.config.overrides import read_overrides
    from nnlab.config.source import place_of
    from nnlab.config.sweep import sweep_of
    from nnlab.rendering.formatters import counted

    overrides = [argument for argument in arguments if is_override(argument)]
    files = [argument for argument in arguments if argument not in overrides]
    if not files:
        raise UsageError("name a CONFIG as well as the keys to override")
    mistakes: list[str] = []
    for file in files:
        path = config_path(file)
        try:
            given = read_overrides(overrides, None)
            document = read_document(path)
            if "sweep" in document.values:
                sweep = sweep_of(document, path, given)
                size = f"{counted(len(sweep.settings), 'setting')} and {counted(len(sweep.seeds), 'seed')}"
                found = f"the sweep {sweep.name} has {size}"
            else:
                found = f"the experiment is {experiment_of(document, path, given).name}"
        except ConfigError as error:
            mistakes += str(error).splitlines()
        else:
            write_stdout(f"{place_of(path)}: no mistakes; {found}\n")
    if mistakes:
        raise ConfigError(
            dict.fromkeys(mistakes)
        )  # mistakes on the command line appear once, not once per file


@app.command(short_help="Print a config with every key.")
def show(config: Config, overrides: Overrides = None) -> None:
    """Print the experiment with every key, defaults and overrides included, as a config file.

    \b
    Example:
      nnlab config show mnist_softmax eta=0.1 > my.yaml
    """
    from nnlab.config import dump, load_experiment

    write_stdout(dump(load_experiment(config_path(config), overrides or ())))


@app.command(short_help="Print the JSON Schema for editors.")
def schema(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the schema to this file, and print its path."
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of config files, for an editor's YAML language server.

    \b
    Example:
      nnlab config schema -o experiment.schema.json
    Then write as the first line of a config:
      # yaml-language-server: $schema=experiment.schema.json
    """
    import json

    from nnlab.config import json_schema
    from nnlab.files import atomic_write

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        write_stdout(text)
        return
    not_a_file = UsageError(f"cannot write {output}: not a file; name one, such as experiment.schema.json")
    if not output.name:
        raise not_a_file
    if not output.parent.is_dir():
        raise UsageError(f"cannot write {output}: there is no folder {output.parent}; make it first")
    with atomic_write(output) as file:
        # A regular file is replaced, but neither a device nor a link to a file elsewhere.
        if output.is_symlink() or (output.exists() and not output.is_file()):
            raise not_a_file
        file.write(text.encode())
    write_stdout(f"{output}\n")
