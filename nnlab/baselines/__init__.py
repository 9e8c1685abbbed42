"""The methods that networks are compared with: nearest neighbours, SVM, linear regression, mean darkness."""

from nnlab.baselines.methods import Arrays, fit, predict

__all__ = ["Arrays", "fit", "predict"]
