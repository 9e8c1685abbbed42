"""Jobs: each carries an experiment or a baseline from its config to its run folder, or measures a run.

No terminal and no signals: the command line, a notebook and a worker call the same functions, in any thread
or process. Whoever calls one is told through `Callbacks` what is going on, and may ask it to stop.
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
