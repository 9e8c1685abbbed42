"""The model of a mapping of options in a config, such as `dataset_options`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """The options of a dataset, an optimiser or a schedule. Many have none."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
