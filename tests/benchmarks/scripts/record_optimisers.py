"""Records the steps of PyTorch's optimisers in tests/optimisation/pytorch.json, with make bench's Python."""

from __future__ import annotations

import json
from pathlib import Path

import torch

STEPS = 12
CASES = {
    "sgd": {"momentum": 0.9},
    "sgd_l2": {"momentum": 0.9, "weight_decay": 0.01},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "nesterov_l2": {"momentum": 0.95, "nesterov": True, "weight_decay": 0.01},
    "adam": {},
    "adam_l2": {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.01},
}


def record() -> dict[str, object]:
    """Return start, gradients, and the parameters after each step of each case, in double precision."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(6, generator=generator, dtype=torch.float64)
    gradients = torch.randn(STEPS, 6, generator=generator, dtype=torch.float64)
    found: dict[str, object] = {
        "version": torch.__version__,
        "start": start.tolist(),
        "gradients": gradients.tolist(),
    }
    for name, options in CASES.items():
        parameters = torch.nn.Parameter(start.clone())
        kind = torch.optim.Adam if name.startswith("adam") else torch.optim.SGD
        optimiser = kind([parameters], lr=0.1, **options)
        steps = []
        for gradient in gradients:
            parameters.grad = gradient.clone()
            optimiser.step()
            steps.append(parameters.tolist())
        found[name] = steps
    return found


if __name__ == "__main__":
    path = Path(__file__).parents[2] / "optimisation" / "pytorch.json"
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in record().items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
