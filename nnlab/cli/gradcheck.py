"""`nnlab gradcheck`: check backpropagation for the network of a config."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli.options import Config, DataDir, Json, Offline, Overrides, config_path
from nnlab.cli.output import is_terminal, write_result, write_stdout
from nnlab.errors import DivergedError, NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.network import ArrayCheck
    from nnlab.rendering.pieces import Piece

EXAMPLES = 10
SAMPLES = 100


def gradcheck(
    config: Config,
    overrides: Overrides = None,
    *,
    tolerance: Annotated[
        float, typer.Option(min=0, metavar="ERROR", help="The largest relative error allowed.")
    ] = 1e-6,
    json: Json = False,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Check backpropagation against the derivative of the cost, layer by layer.

    The check uses the starting weights of the config, float64, 10 training examples and up to 100 parameters
    of each array. The masks of dropout are drawn once. Exit with 1 if an error is larger than the tolerance,
    or if no parameter can be checked: where neurons saturate, rounding may exceed the tolerance.

    \b
    Example:
      nnlab gradcheck mnist_softmax
    """
    from dataclasses import asdict
    from math import isfinite

    from nnlab.config import load_experiment
    from nnlab.datasets import Source
    from nnlab.rendering.json_format import json_text

    if tolerance == 0:
        raise UsageError("--tolerance has to be above 0: no gradient is free of rounding")
    experiment = load_experiment(config_path(config), overrides or ())
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    checks = _check(experiment, source, tolerance)
    if not all(isfinite(check.largest_gradient) for check in checks):
        raise DivergedError("the gradient is not finite; start from smaller weights")
    worst = max((check.largest_error for check in checks if check.largest_error is not None), default=None)
    if json:
        write_stdout(json_text([asdict(check) for check in checks]) + "\n")
    else:
        write_result(*pieces_of(checks, worst))
    if worst is None and any(check.cannot_tell for check in checks):
        what = f"rounding may exceed {tolerance:g} of every gradient"
        remedy = "start from smaller weights, or raise --tolerance"
        raise NnlabError(f"cannot tell whether the gradient is right: {what}; {remedy}")
    if worst is None:
        raise NnlabError("nothing could be checked: every parameter is at a kink; try another seed")
    if not worst <= tolerance:
        raise NnlabError(f"the gradient is wrong: a relative error of {worst:.1e} is above {tolerance:g}")


def _check(experiment: Experiment, source: Source, tolerance: float) -> list[ArrayCheck]:
    import numpy as np

    from nnlab.network import check_gradients
    from nnlab.randomness import stream
    from nnlab.training import computing_with, dropout_of, load_splits, smoothed, start, targets_of

    experiment = experiment.model_copy(update={"dtype": "float64"})
    training, _ = load_splits(experiment, source)
    targets = targets_of(training.labels[:EXAMPLES], experiment.architecture[-1], "float64")
    network = start(experiment).network
    masks = None
    if dropout := dropout_of(experiment, epoch=0):
        masks = dropout.masks(network.architecture[:-1], targets.shape[1], targets.dtype)
        masks.draw()
    with computing_with(1), np.errstate(over="ignore", invalid="ignore"):
        return list(
            check_gradients(
                network,
                network.scaling(training.take(slice(EXAMPLES))).T,
                smoothed(targets, experiment.label_smoothing),
                samples=SAMPLES,
                tolerance=tolerance,
                rng=stream(experiment.seed, "gradcheck"),
                masks=masks,
            )
        )


def pieces_of(checks: Sequence[ArrayCheck], worst: float | None) -> list[Piece]:
    """Return the checks as a table with one row per array, and the largest error."""
    from nnlab.rendering import formatters
    from nnlab.rendering.pieces import Column, Table, row_labels

    unknown = sum(check.cannot_tell for check in checks)
    errors = [_error(check.largest_error, check.cannot_tell) for check in checks]
    table = Table(
        {
            "layer": row_labels([check.layer for check in checks]),
            "array": Column([check.array for check in checks]),
            "parameters": Column([check.parameters for check in checks], formatters.count),
            "checked": Column([check.checked for check in checks]),
            "at_kinks": Column([check.at_kinks for check in checks]),
            "cannot_tell": Column([check.cannot_tell for check in checks]),
            "largest_gradient": Column([check.largest_gradient for check in checks], "{:.1e}".format),
            "largest_error": Column(errors, align="right"),
        }
    )
    conclusion = f"largest relative error: {_error(worst, unknown)}"
    if unknown:
        total = unknown + sum(check.checked + check.at_kinks for check in checks)
        note = f"cannot tell for {unknown} of {total} parameters: rounding hides their gradient"
        conclusion = f"{note}\n{conclusion}"
    return [table, conclusion]


def _error(error: float | None, unknown: int) -> str:
    if error is not None:
        return f"{error:.1e}"
    return "cannot tell" if unknown else "–"
