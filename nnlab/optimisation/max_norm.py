"""A bound on the weights of each neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Network


def limit_norms(network: Network, bounds: Sequence[float | None]) -> None:
    """Shrink the incoming weights of each neuron, a row of W, to the bound c of its layer, in place.

    W_j ← W_j min(1, c / ‖W_j‖); None is no bound (Srebro and Shraibman 2005, Srivastava et al. 2014).
    """
    for weights, bound in zip(network.weights, bounds, strict=True):
        if bound is None:
            continue
        norms = np.sqrt(np.einsum("jk,jk->j", weights, weights))
        beyond = np.flatnonzero(norms > bound)
        if len(beyond):
            factors = bound / norms[beyond]
            factors[factors == 0] = np.nan  # the norm is infinite, and so the training has diverged
            weights[beyond] *= factors[:, np.newaxis]
