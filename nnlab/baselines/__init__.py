"""What networks are measured against: nearest neighbours, SVM, linear regression, mean darkness."""

from nnlab.baselines.methods import Arrays, fit, predict

__all__ = ["Arrays", "fit", "predict"]
