from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnlab.config import load_experiment
from nnlab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# One key a line, as in the contract; a test replaces the line of the key it is about.
CONFIG = """\
dataset: mnist
architecture: [784, 128, 10]
activation: relu
output: softmax
loss: log_likelihood
eta: 0.5
batch_size: 64
epochs: 60
patience: 5
seed: 0
"""


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Write the contract's config with some lines replaced, dropped (None) or added; return its path."""

    def write(file: str = "mnist.yaml", /, **changes: str | None) -> Path:
        lines = dict(line.split(": ", 1) for line in CONFIG.splitlines()) | changes
        path = tmp_path / file
        path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None))
        return path

    return write


@pytest.fixture
def mistakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """Load a config and return the lines of its ConfigError, with paths relative to the test's folder."""
    monkeypatch.chdir(tmp_path)

    def load(path: Path, *overrides: str, name: str | None = None) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load_experiment(path.relative_to(tmp_path), overrides, name=name)
        return str(error.value).splitlines()

    return load
