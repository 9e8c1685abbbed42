"""Measuring the weights of a run on a split."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from nnlab import files
from nnlab.analysis import evaluation
from nnlab.config import Baseline, Experiment
from nnlab.config.synonyms import hint_for
from nnlab.datasets import DEFAULT_SOURCE
from nnlab.errors import NnlabError, UsageError
from nnlab.runs import evaluations
from nnlab.runs.evaluations import CheckpointName, Evaluation, SplitName
from nnlab.runs.run import Run, config_of

if TYPE_CHECKING:
    from nnlab.datasets import Source

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class EvaluationResult:
    """The evaluation of a run of `config`; `not_kept` says why it could not be written to the run folder."""

    run: Run
    config: Experiment | Baseline
    evaluation: Evaluation
    not_kept: NnlabError | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether the result was not kept because the folder is read-only."""
        cause = None if self.not_kept is None else self.not_kept.__cause__
        return isinstance(cause, OSError) and cause.errno in _READ_ONLY


def evaluate_run(
    run: Run,
    *,
    checkpoint: CheckpointName = "best",
    split: SplitName = "test",
    source: Source = DEFAULT_SOURCE,
) -> EvaluationResult:
    """Measure the weights of `run` on a split; keep the figures of the best weights in its folder.

    Raises `RunError`, `DatasetError`, and `UsageError` for the last weights of a baseline, and for what is
    not a split or a checkpoint.
    """
    for what, given, names in (("checkpoint", checkpoint, CheckpointName), ("split", split, SplitName)):
        if given not in get_args(names):
            raise UsageError(f"no {what} {given!r}; {hint_for(str(given), get_args(names))}")
    config = config_of(run)
    measured = files.fingerprint(run.best_npz)
    result = evaluation.evaluate(run, config, checkpoint=checkpoint, split=split, source=source)
    if checkpoint != "best":
        return EvaluationResult(run, config, result)
    try:
        evaluations.write(run, result)
    except NnlabError as error:
        return EvaluationResult(run, config, result, error)
    if files.fingerprint(run.best_npz) != measured:  # a training has meanwhile found better weights
        files.remove(run.eval_json(split))
    return EvaluationResult(run, config, result)
