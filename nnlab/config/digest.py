"""The digest of a setting: what a config says, apart from its name and its seed."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from nnlab.config.load import defaults
from nnlab.config.options import OPTIONS_OF, models_of_options

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
    for key, of in OPTIONS_OF.items():
        options, model = setting.get(key), models_of_options(key).get(str(setting.get(of)))
        if model is not None and isinstance(options, dict):
            usual = model().model_dump()
            setting[key] = {
                name: value for name, value in options.items() if name not in usual or value != usual[name]
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
