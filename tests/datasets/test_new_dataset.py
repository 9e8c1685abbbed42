"""A dataset is one entry in `DATASETS`: a throw-away one can be configured, loaded and trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import Field

from nnlab.config import json_schema, load_experiment
from nnlab.datasets import DATASETS, Options, Source, load, number_of_examples
from nnlab.errors import ConfigError
from nnlab.training import load_splits, start, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.datasets import DatasetInfo
    from nnlab.datasets.dataset import Examples

CONFIG = """\
dataset: stripes
architecture: [16, 2]
activation: tanh
output: softmax
loss: log_likelihood
eta: 1.0
batch_size: 4
epochs: 5
patience: null
seed: 0
"""


class StripesOptions(Options):
    side: int = Field(4, ge=2, description="of an image, in pixels")


@dataclass(frozen=True)
class Stripes:
    """Images of one bright stripe, upright or not; their pixels are bytes."""

    title: str = "Stripes"
    features: int = 16
    classes: tuple[str, ...] = ("upright", "level")
    outputs: tuple[int, ...] = (2,)
    options: type[Options] = StripesOptions
    validation_size: int = 2

    @property
    def digests(self) -> dict[str, str]:
        return {}

    def number_of_examples(self, options: Options) -> int:
        assert isinstance(options, StripesOptions)
        return 2 * options.side

    def load_training(self, options: Options, _: np.random.Generator, source: Source) -> Examples:
        return self.load_test(options, source)

    def load_test(self, options: Options, _: Source) -> Examples:
        assert isinstance(options, StripesOptions)
        images = [np.zeros((options.side, options.side), np.uint8) for _ in range(2 * options.side)]
        for place in range(options.side):
            images[place][:, place] = images[options.side + place][place] = 255
        return np.array(images).reshape(len(images), -1), np.repeat([0, 1], options.side)


@pytest.fixture(autouse=True)
def _stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    info: DatasetInfo = Stripes()
    monkeypatch.setitem(DATASETS, "stripes", info)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "stripes.yaml"
    path.write_text(CONFIG)
    return path


def test_it_can_be_configured_and_trained_on(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.validation_size == 2
    training, validation = load_splits(experiment, Source(offline=True))
    assert (training.inputs.shape, validation.inputs.shape) == ((6, 16), (2, 16))
    assert set(training.inputs.ravel()) == {0, 1}
    losses = [epoch.train_loss for epoch in train(experiment, start(experiment), training, validation)]
    assert losses == sorted(losses, reverse=True)


def test_it_can_be_loaded_whole() -> None:
    stripes = load("stripes")
    assert stripes.classes == ("upright", "level")
    assert len(stripes.training.labels) == number_of_examples("stripes") == 8


def test_its_options_are_known_to_messages_and_overrides(path: Path) -> None:
    assert load_experiment(path, ["dataset_options.side=4"]).dataset_options.model_dump() == {"side": 4}
    with pytest.raises(ConfigError, match=r": dataset_options\.sides: unknown option; did you mean side\?$"):
        load_experiment(path, ["dataset_options.sides=4"])
    with pytest.raises(ConfigError, match=r": dataset_options\.width: unknown option; stripes has side$"):
        load_experiment(path, ["dataset_options.width=4"])


def test_its_name_is_offered(path: Path) -> None:
    assert "stripes" in json_schema()["properties"]["dataset"]["enum"]
    with pytest.raises(
        ConfigError, match=r": dataset: must be .* \(given 'stripe'\); did you mean stripes\?"
    ):
        load_experiment(path, ["dataset=stripe"])
