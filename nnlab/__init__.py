"""nnlab: a lab for neural networks on MNIST, for the command line and for Python.

>>> import nnlab
>>> run = nnlab.train("mnist_softmax", epochs=5)
>>> run.evaluate().accuracy
0.9786

Each part is loaded on first use, so `import nnlab` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it as true; importing it from typing would be slow
if TYPE_CHECKING:
    from nnlab.analysis.groups import Group
    from nnlab.datasets import Dataset, Split
    from nnlab.errors import (
        ConfigError,
        DatasetError,
        DivergedError,
        NnlabError,
        RunError,
        UsageError,
    )
    from nnlab.interface import Run, compare, find_run, fit_baseline, load_dataset, resume, sweep, train
    from nnlab.network import Network
    from nnlab.runs.evaluations import Evaluation
    from nnlab.runs.summary import Summary

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "Dataset",
    "DatasetError",
    "DivergedError",
    "Evaluation",
    "Group",
    "Network",
    "NnlabError",
    "Run",
    "RunError",
    "Split",
    "Summary",
    "UsageError",
    "__version__",
    "compare",
    "find_run",
    "fit_baseline",
    "load_dataset",
    "resume",
    "sweep",
    "train",
]

_PARTS = {
    "nnlab.analysis.groups": ("Group",),
    "nnlab.datasets": ("Dataset", "Split"),
    "nnlab.errors": ("ConfigError", "DatasetError", "DivergedError", "NnlabError", "RunError", "UsageError"),
    "nnlab.interface": (
        "Run",
        "compare",
        "find_run",
        "fit_baseline",
        "load_dataset",
        "resume",
        "sweep",
        "train",
    ),
    "nnlab.network": ("Network",),
    "nnlab.runs.evaluations": ("Evaluation",),
    "nnlab.runs.summary": ("Summary",),
}
_MODULES = {name: module for module, names in _PARTS.items() for name in names}


def __getattr__(name: str) -> object:
    """Return a public name, after importing the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (needed only to load a part)

    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
