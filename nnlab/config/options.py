"""Keys whose value is a mapping: options that depend on another key, and mappings that may be null."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, WithJsonSchema

from nnlab.config.keys import Phrases, SubKeys
from nnlab.datasets import DATASETS, Options
from nnlab.optimisation import OPTIMISERS, SCHEDULES

# The keys whose options depend on the value of another key.
OPTIONS_OF = {
    "dataset_options": "dataset",
    "optimiser_options": "optimiser",
    "schedule_options": "schedule",
}


def _schema_of_options(key: str) -> dict[str, Any]:
    """Return one JSON Schema for the options of all datasets, of all optimisers, or of all schedules."""
    options: dict[str, Any] = {}
    defaults: dict[str, dict[str, str]] = {}
    for name, model in models_of_options(key).items():
        for option, schema in model.model_json_schema()["properties"].items():
            default = schema.pop("default")
            text = f"{default:g}" if isinstance(default, float) else str(default)
            defaults.setdefault(option, {})[name] = text
            options[option] = schema
    for option, by_name in defaults.items():
        values = set(by_name.values())
        several = ", ".join(f"{default} for {name}" for name, default in by_name.items())
        options[option]["description"] += f"; default: {values.pop() if len(values) == 1 else several}"
    return {"type": "object", "properties": options, "additionalProperties": False}


def models_of_options(key: str) -> dict[str, type[Options]]:
    """Return the models of a key that depends on another: of `dataset_options` those of each dataset."""
    if key == "schedule_options":
        return dict(SCHEDULES)
    infos = DATASETS if key == "dataset_options" else OPTIMISERS
    return {name: info.options for name, info in infos.items()}


def options(key: str, *, example: str) -> tuple[object, ...]:
    """Return the annotations of a key whose options depend on another key."""
    return (
        WithJsonSchema(_schema_of_options(key)),
        SubKeys(
            lambda name: models_of_options(key).get(name, Options),
            by=OPTIONS_OF[key],
            values_of_by=lambda: models_of_options(key),
            called="option",
        ),
        Phrases(must=f"must be a mapping such as {example}"),
    )


def mapping_or_null(model: type[BaseModel], *, example: str) -> tuple[object, ...]:
    """Return the annotations of a key that takes the keys of `model`, or null."""
    return (
        WithJsonSchema({"anyOf": [model.model_json_schema(), {"type": "null"}]}),
        SubKeys(lambda _: model),
        Phrases(must=f"must be a mapping such as {example}, or null"),
    )
