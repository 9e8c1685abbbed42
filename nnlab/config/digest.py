"""The digest of a setting: what a config says, apart from its name and its seed."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from nnlab.config.experiment import Experiment
from nnlab.config.keys import sub_keys
from nnlab.config.load import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_OF_THE_SETTING = ("name", "description", "seed")


def setting_digest(values: Mapping[str, object]) -> str:
    """Return the SHA-256 of a resolved config, given by its keys, without name, description and seed.

    Runs of the same setting differ at most in their seeds. Keys with their defaults do not count, so a key
    that a later version adds does not change the digests of earlier runs.
    """
    setting = {
        key: value
        for key, value in values.items()
        if key not in NOT_OF_THE_SETTING and (key not in _defaults() or value != _defaults()[key])
    }
    for key, mapping in sub_keys(Experiment).items():
        if isinstance(given := setting.get(key), dict):
            usual = {
                name: info.get_default()
                for name, info in mapping.fields(values).items()
                if not info.is_required()
            }
            setting[key] = {
                name: value for name, value in given.items() if name not in usual or value != usual[name]
            }
    setting = {key: value for key, value in setting.items() if value != {}}
    return hashlib.sha256(json.dumps(_as_written(setting), sort_keys=True).encode()).hexdigest()


@cache
def _defaults() -> dict[str, object]:
    return defaults()


def _as_written(value: object) -> object:
    """Return `value` with each number as a float: 1 and 1.0 are the same eta."""
    if isinstance(value, dict):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_written(item) for item in value]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
