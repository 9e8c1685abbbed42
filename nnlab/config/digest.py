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
    setting = {key: without_defaults(key, value, values) for key, value in setting.items()}
    setting = {key: value for key, value in setting.items() if value != {}}
    return hashlib.sha256(json.dumps(_as_written(setting), sort_keys=True).encode()).hexdigest()


def without_defaults(key: str, value: object, values: Mapping[str, object]) -> object:
    """Return the `value` of a key without the options that have their defaults, if it is a mapping.

    `values` are the whole config, on which the options may depend.
    """
    mapping = sub_keys(Experiment).get(key)
    if mapping is None or not isinstance(value, dict):
        return value
    fields = mapping.fields(values)
    return {
        name: item
        for name, item in value.items()
        if name not in fields or fields[name].is_required() or item != fields[name].get_default()
    }


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
