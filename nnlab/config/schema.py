"""The JSON Schema of a config, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlab.config import yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.keys import sub_keys
from nnlab.config.rules import MEANINGLESS_PAIRS
from nnlab.datasets import DATASETS
from nnlab.network import LOSS_OF_A_GUESS
from nnlab.optimisation import SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The values that an editor fills in for the required keys: an experiment that can be trained unchanged.
SKELETON: dict[str, object] = {
    "dataset": "mnist",
    "architecture": [784, 100, 10],
    "activation": "relu",
    "output": "softmax",
    "loss": "log_likelihood",
    "eta": 0.1,
    "batch_size": 64,
    "epochs": 30,
    "patience": 5,
    "seed": 0,
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config: `# yaml-language-server: $schema=FILE`."""
    schema = Experiment.model_json_schema()
    # The default name is that of the file, which a schema cannot express.
    del schema["properties"]["name"]["default"]
    for key, described in schema["properties"].items():
        described["title"] = key
        # Editors show only descriptions, and offer the default as a completion.
        if key in SKELETON:
            described["default"] = SKELETON[key]
            described["description"] += "; required"
        elif "default" in described:
            described["description"] += f"; {yaml12.dump({'default': described['default']}).strip()}"
    schema["properties"]["sweep"] = _sweep(list(schema["properties"]))
    schema["allOf"] = _rules_between_keys()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _sweep(keys: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of the key `sweep`, which says what `nnlab sweep` tries of the other `keys`."""
    values = {
        "anyOf": [
            {"type": "array", "minItems": 1},
            {"type": "string", "pattern": r"^\s*(log|uniform)\s*\(.*\)\s*$"},
        ],
        "description": "values to try, or a range such as log(1e-3, 1, 20)",
    }
    seeds = {"type": "integer", "minimum": 0}
    return {
        "title": "sweep",
        "type": "object",
        "description": "what `nnlab sweep` tries, such as {eta: [0.1, 0.5], seeds: 5}; "
        "no other command takes it",
        "properties": {
            **{
                key: {"anyOf": [{"type": "object", "additionalProperties": values}, *values["anyOf"]]}
                for key in sub_keys(Experiment)
            },
            "seeds": {
                "anyOf": [seeds | {"minimum": 1}, {"type": "array", "items": seeds, "minItems": 1}],
                "description": "the number of seeds of each setting, or a list of them",
            },
            "combinations": {
                "type": "array",
                "items": {"type": "object"},
                "minItems": 1,
                "description": "values that are tried together, such as [{eta: 0.1, l2: 0}]",
            },
        },
        "additionalProperties": values,
        "propertyNames": {
            "enum": [*(key for key in keys if key not in ("name", "description")), "seeds", "combinations"]
        },
    }


def _rules_between_keys() -> list[dict[str, Any]]:
    """Return as JSON Schema which values of other keys fit an output, a regression, and a monitor."""

    def rule(key: str, values: Sequence[str], allowed: Mapping[str, Sequence[str | None]]) -> dict[str, Any]:
        return {
            "if": {"properties": {key: {"enum": values}}, "required": [key]},
            "then": {"properties": {other: {"enum": names} for other, names in allowed.items()}},
        }

    regressions = [name for name, dataset in DATASETS.items() if not dataset.classes]
    fitting = {
        output: [loss for loss in LOSS_OF_A_GUESS if (output, loss) not in MEANINGLESS_PAIRS]
        for output, _ in MEANINGLESS_PAIRS
    }
    return [
        *(rule("output", [output], {"loss": losses}) for output, losses in fitting.items()),
        rule("dataset", regressions, {"loss": ["quadratic"], "monitor": ["val_loss", "epoch"]}),
        rule(
            "monitor",
            ["epoch"],
            {"patience": [None], "schedule": [name for name in SCHEDULES if name != "plateau"]},
        ),
    ]
