"""Jobs: each carries an experiment or a baseline from its config to its run folder, or measures a run.

No terminal and no signals: the command line, a notebook and a worker call the same functions, in any thread
or process. Whoever calls one is told through `Callbacks` what is going on, and may ask it to stop.
"""

from nnlab.jobs.baseline import Fitted, fit_baseline
from nnlab.jobs.callbacks import Begun, Callbacks, Trained
from nnlab.jobs.evaluate import Evaluated, evaluate
from nnlab.jobs.resume import newest_to_resume, resume
from nnlab.jobs.train import train

__all__ = [
    "Begun",
    "Callbacks",
    "Evaluated",
    "Fitted",
    "Trained",
    "evaluate",
    "fit_baseline",
    "newest_to_resume",
    "resume",
    "train",
]
