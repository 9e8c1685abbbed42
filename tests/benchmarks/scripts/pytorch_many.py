"""Many networks in PyTorch: `pytorch_many.py MNIST_FOLDER threads|processes NETWORKS EPOCHS EXAMPLES`."""

from __future__ import annotations

import many
import torch
from torch import nn
from torch.nn import functional

inputs, labels, test_inputs, test_labels = map(torch.from_numpy, many.load())


def train(seed):
    """Train the network of `seed` and print its accuracy."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(784, many.HIDDEN), nn.ReLU(), nn.Linear(many.HIDDEN, 10))
    nn.init.kaiming_normal_(model[0].weight)
    nn.init.xavier_normal_(model[2].weight)
    for layer in (model[0], model[2]):
        nn.init.zeros_(layer.bias)
    optimiser = torch.optim.SGD(model.parameters(), lr=many.ETA, fused=True)
    for _ in range(many.EPOCHS):
        for batch in torch.randperm(len(inputs)).split(many.BATCH_SIZE):
            loss = functional.cross_entropy(
                model(inputs.index_select(0, batch)), labels.index_select(0, batch)
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        print(seed, (model(test_inputs).argmax(1) == test_labels).float().mean().item(), flush=True)


def train_share(core, seeds):
    """Train the networks of `seeds` with one thread."""
    torch.set_num_threads(1)
    for seed in seeds:
        train(seed)


if many.setting == "processes":
    many.in_processes(train_share)
else:
    torch.set_num_threads(len(many.CORES))
    for seed in many.SEEDS:
        train(seed)
