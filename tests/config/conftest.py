from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from nnlab.config import load_experiment
from nnlab.errors import ConfigError
from tests.laboratory import LINEAR, config_text

if TYPE_CHECKING:
    from pathlib import Path

# A key per line, as in the contract; a test replaces the line of the key it is about.
KEYS = LINEAR | {"architecture": (784, 128, 10), "activation": "relu", "eta": 0.5, "epochs": 60}
del KEYS["train_size"], KEYS["validation_size"]
CONFIG = config_text(KEYS)


class WriteConfig(Protocol):
    def __call__(self, file: str = "mnist.yaml", /, **changes: str | None) -> Path: ...


class FindMistakes(Protocol):
    def __call__(self, path: Path, *overrides: str, name: str | None = None) -> list[str]: ...


@pytest.fixture
def config(tmp_path: Path) -> WriteConfig:
    """Write the contract's config with some lines replaced, dropped (None) or added; return its path."""

    def write(file: str = "mnist.yaml", /, **changes: str | None) -> Path:
        path = tmp_path / file
        path.write_text(
            config_text({key: value for key, value in (KEYS | changes).items() if value is not None})
        )
        return path

    return write


@pytest.fixture
def mistakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FindMistakes:
    """Load a config and return the lines of its ConfigError, with paths relative to the test's folder."""
    monkeypatch.chdir(tmp_path)

    def load(path: Path, *overrides: str, name: str | None = None) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load_experiment(path.relative_to(tmp_path), overrides, name=name)
        return str(error.value).splitlines()

    return load
