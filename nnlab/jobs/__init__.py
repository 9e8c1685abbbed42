"""Jobs: train an experiment or fit a baseline into a run folder, resume a run, or evaluate it.

Jobs use neither a terminal nor signals, so the command line, a notebook and a worker call the same functions,
in any thread or process. `Callbacks` report progress to the caller, and let it stop a training.
"""

from nnlab.jobs.baseline import FitResult, fit_baseline
from nnlab.jobs.callbacks import Callbacks, TrainingResult, TrainingStarted
from nnlab.jobs.evaluate import EvaluationResult, evaluate
from nnlab.jobs.resume import newest_to_resume, resume
from nnlab.jobs.train import train

__all__ = [
    "Callbacks",
    "EvaluationResult",
    "FitResult",
    "TrainingResult",
    "TrainingStarted",
    "evaluate",
    "fit_baseline",
    "newest_to_resume",
    "resume",
    "train",
]
