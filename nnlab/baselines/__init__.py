"""The methods that networks are compared with: nearest neighbours, SVM, linear regression, mean darkness."""

from nnlab.baselines.methods import Arrays, fit, load_libraries, predict

__all__ = ["Arrays", "fit", "load_libraries", "predict"]
