"""The model of a mapping in a config, such as `dataset_options`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

# All configs, and all mappings within them, are strict and immutable.
STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Options(BaseModel):
    """The keys of a mapping, such as the options of a dataset. Many datasets have none."""

    model_config = STRICT
