"""Generates the tables of the reference (`make docs`) from the schema of configs and the help of commands.

It also writes the schema to `configs/experiment.schema.json`, where editors find it. On a page, each table
stands between `<!-- begin NAME -->` and `<!-- end NAME -->`. The rest is written by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import typer.main
from typer.core import TyperGroup

from nnlab.cli import app
from nnlab.config import BASELINES, Baseline, json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REFERENCE = Path(__file__).parent / "reference"
SCHEMA = Path(__file__).parents[1] / "configs" / "experiment.schema.json"
WIDTH = 80  # of the help, whatever the terminal


def main() -> None:
    """Renew the schema and every page of the reference."""
    SCHEMA.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in REFERENCE.glob("*.md"):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


def renewed(page: str) -> str:
    """Return `page` with its generated parts made anew."""
    return re.sub(
        r"(?s)(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)",
        lambda match: f"{match[1]}\n{GENERATORS[match[2]]()}\n{match[3]}",
        page,
    )


def keys() -> str:
    """Return a table of the keys of an experiment."""
    return _table_of(json_schema())


def options() -> str:
    """Return a table of the options of toy datasets."""
    schema: dict[str, Any] = json_schema()["properties"]["dataset_options"]
    return _table_of(schema)


def optimisers() -> str:
    """Return a table of the options of optimisers."""
    return _table_of(json_schema()["properties"]["optimiser_options"])


def schedules() -> str:
    """Return a table of the options of schedules."""
    return _table_of(json_schema()["properties"]["schedule_options"])


def ramp() -> str:
    """Return a table of the keys of `momentum_ramp`."""
    return _table_of(json_schema()["properties"]["momentum_ramp"]["anyOf"][0])


def augmentation() -> str:
    """Return a table of the keys of `augmentation`."""
    return _table_of(json_schema()["properties"]["augmentation"]["anyOf"][0])


def baselines() -> str:
    """Return a table of the keys of every baseline, and one for each that has keys of its own."""
    tables = {"Every baseline": Baseline.model_json_schema()["properties"]}
    for name, model in BASELINES.items():
        tables[f"`{name}`"] = {
            key: field
            for key, field in model.model_json_schema()["properties"].items()
            if key not in Baseline.model_fields
        }
    return "\n".join(
        f"### {heading}\n\n{_table_of({'properties': described})}"
        for heading, properties in tables.items()
        if (described := {key: field for key, field in properties.items() if "description" in field})
    )


def losses() -> str:
    """Return a table of the losses that have a meaning with each output."""
    fitting = {
        rule["if"]["properties"]["output"]["enum"][0]: rule["then"]["properties"]["loss"]["enum"]
        for rule in json_schema()["allOf"]
        if "output" in rule["if"]["properties"]
    }
    return _table(["output", "losses"], ([_code(output), _codes(names)] for output, names in fitting.items()))


def commands() -> str:
    """Return the help of every command, each under its name."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="nnlab", terminal_width=WIDTH, **group.context_settings)
    return "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(context))


def _helps(context: typer.Context) -> Iterator[tuple[str, str]]:
    """Return name and help of a command and of all below it."""
    command = context.command
    yield context.command_path, command.get_help(context)
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _helps(
                typer.Context(
                    child, info_name=name, parent=context, terminal_width=WIDTH, **child.context_settings
                )
            )


def _table_of(schema: dict[str, Any]) -> str:
    """Return a table of the properties of a JSON Schema: what each takes, its default, what it means."""
    rows = []
    for key, property_ in schema["properties"].items():
        # An editor shows descriptions only, so those of an experiment end with the default.
        meaning, _, default = str(property_["description"]).partition("; default: ")
        if key in schema.get("required", ()):
            default = "required"
        elif "default" in property_:
            default = _code(property_["default"])
        rows.append([_code(key), _takes(property_), default, meaning.removesuffix("; required")])
    return _table(["key", "takes", "default", "meaning"], rows)


def _takes(schema: dict[str, Any]) -> str:
    """Return in words what a JSON Schema admits."""
    if "anyOf" in schema:
        return " or ".join(_takes(each) for each in schema["anyOf"])
    if "enum" in schema:
        return _codes(schema["enum"])
    if "const" in schema:
        return _code(schema["const"])
    kind = {
        "array": "list",
        "boolean": "`true` or `false`",
        "integer": "whole number",
        "null": "`null`",
        "object": "mapping",
        "string": "text",
    }.get(schema["type"], schema["type"])
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "up to {}",
        "exclusiveMaximum": "below {}",
    }
    limits = [
        phrase.format(f"{schema[word]:,}".removesuffix(".0"))
        for word, phrase in words.items()
        if word in schema
    ]
    return " ".join([kind, *limits])


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def _codes(values: Iterable[object]) -> str:
    return ", ".join(map(_code, values))


def _code(value: object) -> str:
    """Return a value of YAML in backticks."""
    return f"`{value if value and isinstance(value, str) else json.dumps(value)}`"


GENERATORS = {
    function.__name__: function
    for function in (
        keys,
        options,
        optimisers,
        schedules,
        ramp,
        augmentation,
        losses,
        baselines,
        commands,
    )
}

if __name__ == "__main__":
    main()
