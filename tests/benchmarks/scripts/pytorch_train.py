"""configs/mnist_softmax.yaml in PyTorch: `pytorch_train.py MNIST_FOLDER SEED GOAL OUT THREADS`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from mnist import load
from torch import nn
from torch.nn import functional

mnist, seed, goal, out, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.manual_seed(int(seed))
inputs, labels, val_inputs, val_labels = map(torch.from_numpy, load(Path(mnist), int(seed)))

model = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10))
nn.init.kaiming_normal_(model[0].weight)
nn.init.xavier_normal_(model[2].weight)
for layer in (model[0], model[2]):
    nn.init.zeros_(layer.bias)
groups = [
    {"params": [model[0].weight, model[2].weight], "weight_decay": 5e-5},
    {"params": [model[0].bias, model[2].bias]},
]
optimiser = torch.optim.SGD(groups, lr=0.5, fused=True)

for epoch in range(1, 31):
    total, correct = 0.0, 0
    for batch in torch.randperm(len(inputs)).split(64):
        z, y = model(inputs.index_select(0, batch)), labels.index_select(0, batch)
        loss = functional.cross_entropy(z, y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch)
        correct += (z.argmax(1) == y).sum().item()
    with torch.no_grad():
        z = model(val_inputs)
        val_loss = functional.cross_entropy(z, val_labels).item()
        accuracy = (z.argmax(1) == val_labels).float().mean().item()
    print(epoch, total / len(inputs), correct / len(inputs), val_loss, accuracy, flush=True)
    torch.save(model.state_dict(), out)
    if accuracy >= float(goal):
        break
