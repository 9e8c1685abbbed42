"""PyTorch, eager: tensors in memory, batches by index_select, the fused SGD."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

PACKAGES = ("torch",)

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


def cost(loss, z, answers):
    """Return the mean cost of a batch from the logits."""
    if loss == "log_likelihood":
        return functional.cross_entropy(z, answers)
    if loss == "cross_entropy":
        return functional.binary_cross_entropy_with_logits(z, answers, reduction="sum") / len(z)
    return 0.5 * functional.mse_loss(torch.sigmoid(z), answers, reduction="sum") / len(z)


def prepare(workload, inputs, labels, parameters, threads):
    """See `contestants`."""
    torch.set_num_threads(threads)
    x, y = torch.from_numpy(inputs), torch.from_numpy(labels)
    if workload.loss != "log_likelihood":
        y = torch.eye(workload.architecture[-1])[y]
    layers = []
    for fan_in, fan_out in pairwise(workload.architecture):
        layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[workload.activation]()]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for tensor, array in zip(model.parameters(), parameters, strict=True):
            tensor.copy_(torch.from_numpy(array))
    optimiser = torch.optim.SGD(model.parameters(), lr=workload.eta, fused=True)

    def epoch(seed):
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
        for batch in order.split(workload.batch_size):
            loss = cost(workload.loss, model(x.index_select(0, batch)), y.index_select(0, batch))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    return epoch, lambda: [tensor.detach().numpy() for tensor in model.parameters()]
