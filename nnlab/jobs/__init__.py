"""Jobs: train an experiment or fit a baseline into a run folder, resume a run, or evaluate it.

Jobs use neither a terminal nor signals, so the command line, a notebook and a worker call the same functions,
in any thread or process. `Callbacks` report progress to the caller, and let it stop a training.
"""
