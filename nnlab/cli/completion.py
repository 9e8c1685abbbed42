"""What a shell offers at Tab. It starts nnlab each time, so names are listed here instead of imported.

The functions neither raise nor print. If nothing can be read they return nothing, and the shell offers files.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer  # noqa: TC002 (typer reads the annotations)

from nnlab import shipped
from nnlab.demos import DEMOS

if TYPE_CHECKING:
    from collections.abc import Iterable

# tests/cli/test_completion.py checks that these lists are complete.
EXPERIMENT = [
    "name",
    "dataset",
    "dataset_options",
    "architecture",
    "activation",
    "output",
    "loss",
    "eta",
    "batch_size",
    "epochs",
    "patience",
    "seed",
    "monitor",
    "min_delta",
    "start_from_epoch",
    "validation_size",
    "train_size",
    "initialisation",
    "start",
    "optimiser",
    "optimiser_options",
    "momentum",
    "momentum_ramp",
    "schedule",
    "schedule_options",
    "l1",
    "l2",
    "max_norm",
    "dropout",
    "label_smoothing",
    "weight_average",
    "inputs",
    "augmentation",
    "dtype",
    "diagnostics",
    "description",
]
BASELINE = ["dataset", "seed", "validation_size", "train_size", "description"]
BASELINES = {
    "nearest_neighbours": ["neighbours"],
    "svm_rbf": ["penalty", "gamma"],
    "linear": ["ridge"],
    "mean_darkness": [],
}
RAISED = ["epochs", "patience"]  # the keys that --resume may change
DATASETS = ["mnist", "fashion_mnist", "kmnist"]
RESULTS = [
    "best_epoch",
    "val_accuracy",
    "test_accuracy",
    "parameters",
    "seconds",
    "status",
    "val_loss",
    "test_loss",
    "epochs_done",
    "stop_reason",
    "train_examples",
    "weights_sha256",
]
COLUMNS = ["run", *EXPERIMENT, "baseline", *(key for keys in BASELINES.values() for key in keys), *RESULTS]


def demos(incomplete: str) -> list[str]:
    """Return the demos that begin with `incomplete`."""
    return _beginning(incomplete, DEMOS)


def baselines(incomplete: str) -> list[str]:
    """Return the baselines that begin with `incomplete`."""
    return _beginning(incomplete, BASELINES)


def datasets(incomplete: str) -> list[str]:
    """Return the datasets with files that begin with `incomplete`."""
    return _beginning(incomplete, DATASETS)


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Return the runs that begin with `incomplete`, in the folder of runs that is in use."""
    folder = Path(context.params.get("runs") or os.environ.get("NNLAB_RUNS") or "runs")
    sweep, slash, _ = incomplete.rpartition("/")
    names = _beginning(incomplete, [f"{sweep}{slash}{name}" for name in _entries(folder / sweep)])
    return [name for name in names if _is_file(folder / name / "config.yaml")]


def runs_and_sweeps(context: typer.Context, incomplete: str) -> list[str]:
    """Return the runs, and the sweeps with their runs, that begin with `incomplete`."""
    folder = Path(context.params.get("runs") or os.environ.get("NNLAB_RUNS") or "runs")
    found = runs(context, incomplete)
    names = [] if "/" in incomplete else _beginning(incomplete, _entries(folder))
    return found + [name for name in names if name not in found and _holds_runs(folder / name)]


def _holds_runs(folder: Path) -> bool:
    return any(_is_file(folder / name / "config.yaml") for name in _entries(folder))


def configs(context: typer.Context, incomplete: str) -> list[str]:
    """Return the matching shipped configs and YAML files, and folders if there are any of these."""
    if context.params.get("resume"):  # a run has its own config
        return _keys(RAISED, (), incomplete)
    folder, slash, _ = incomplete.rpartition("/")
    entries = [f"{folder}{slash}{name}" for name in _entries(Path(folder + slash or "."))]
    found = _beginning(incomplete, [*shipped.configs(), *(name for name in entries if _is_yaml(name))])
    folders = [f"{name}/" for name in _beginning(incomplete, entries) if found and Path(name).is_dir()]
    return [*found, *folders]


def keys(context: typer.Context, incomplete: str) -> list[str]:
    """Return the matching keys of the config or baseline that are not given yet."""
    given = context.params.get("overrides") or ()
    if context.params.get("resume"):
        return _keys(RAISED, [context.params.get("config") or "", *given], incomplete)
    method = context.params.get("method")
    known = EXPERIMENT if method is None else [*BASELINE, *BASELINES.get(method, ())]
    return _keys(known, given, incomplete)


def configs_or_keys(context: typer.Context, incomplete: str) -> list[str]:
    """Return what may come next: another CONFIG, or after the first one a KEY=VALUE."""
    config, *overrides = context.params.get("arguments") or (None,)
    return [*configs(context, incomplete), *(_keys(EXPERIMENT, overrides, incomplete) if config else ())]


def _keys(known: Iterable[str], given: Iterable[str], incomplete: str) -> list[str]:
    """Return the matching `known` keys, each with its =, except those `given`; nothing for a value."""
    # bash splits eta=0.1 at the =; for zsh and fish it is one word.
    words = " ".join(given).replace(" = ", "=").split()
    if words and words[-1] in ("=", *known):
        return []
    taken = {word.partition("=")[0] for word in words}
    found = [f"{key}=" for key in _beginning(incomplete, known) if key not in taken]
    if len(found) == 1 and os.environ.get("_NNLAB_COMPLETE") == "complete_bash":
        return [*found, f"{found[0]}…"]  # after a single word, bash would add a space
    return found


def column(incomplete: str) -> list[str]:
    """Return the columns of `nnlab compare` that begin with `incomplete`."""
    return _beginning(incomplete, COLUMNS)


def columns(incomplete: str) -> list[str]:
    """Return the comma-separated list with each column that may complete its last entry."""
    others, comma, last = incomplete.rpartition(",")
    given = others.split(",")
    return [f"{others}{comma}{name}" for name in _beginning(last, COLUMNS) if name not in given]


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _entries(folder: Path) -> list[str]:
    """Return the names of entries in a folder that are not hidden; none if it cannot be read."""
    with suppress(OSError, ValueError):
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    return []


def _is_yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _is_file(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.is_file()
    return False
