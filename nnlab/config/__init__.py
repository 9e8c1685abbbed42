"""Config files: each is read as an `Experiment` or a `Baseline`, or all its mistakes are reported."""

from nnlab.config.baseline import (
    BASELINES,
    Baseline,
    BaselineName,
    Linear,
    MeanDarkness,
    NearestNeighbours,
    SvmRbf,
)
from nnlab.config.experiment import Experiment
from nnlab.config.keys import Config
from nnlab.config.load import (
    default_name,
    defaults,
    dump,
    load_baseline,
    load_experiment,
    parse_config,
    parse_values,
)
from nnlab.config.messages import one_line
from nnlab.config.schema import json_schema
from nnlab.config.yaml12 import MAX_BYTES

__all__ = [
    "BASELINES",
    "MAX_BYTES",
    "Baseline",
    "BaselineName",
    "Config",
    "Experiment",
    "Linear",
    "MeanDarkness",
    "NearestNeighbours",
    "SvmRbf",
    "default_name",
    "defaults",
    "dump",
    "json_schema",
    "load_baseline",
    "load_experiment",
    "one_line",
    "parse_config",
    "parse_values",
]
