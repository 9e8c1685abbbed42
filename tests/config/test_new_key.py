"""A key whose value is a mapping is one field: messages, overrides and `dump` need no special case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
from pydantic import BaseModel, Field

from nnlab.config import Experiment, dump, load, load_experiment, overrides, parse_values
from nnlab.config.keys import Phrases, SubKeys
from nnlab.options import STRICT

if TYPE_CHECKING:
    from .conftest import FindMistakes, WriteConfig


class WarmRestart(BaseModel):
    model_config = STRICT

    factor: float = Field(0.5, gt=0, description="what eta is multiplied by")
    every: Annotated[int, Phrases(words=("never",))] = Field(ge=1, description="epochs between two changes")


class WithWarmRestart(Experiment):
    warm_restart: Annotated[
        WarmRestart | None,
        SubKeys(lambda _: WarmRestart),
        Phrases(must="must be {every: …, factor: …}, or null"),
    ] = Field(None, description="when eta starts again")


@pytest.fixture(autouse=True)
def _warm_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "Experiment", WithWarmRestart)
    monkeypatch.setattr(overrides, "Experiment", WithWarmRestart)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("warm_restart=3", "warm_restart: must be {every: …, factor: …}, or null (given 3)"),
        ("warm_restart.evry=3", "warm_restart.evry: unknown key; did you mean every?"),
        ("warm_restart.power=3", "warm_restart.power: unknown key; warm_restart has factor and every"),
        ("warm_restart.factor=1", "warm_restart.every: missing; epochs between two changes"),
        ("warm_restart.every=0", "warm_restart.every: must be at least 1 (given 0)"),
        (
            "warm_restart.every=nevr",
            "warm_restart.every: must be a whole number (given 'nevr'); did you mean never?",
        ),
    ],
)
def test_messages_know_its_keys(
    config: WriteConfig, mistakes: FindMistakes, override: str, message: str
) -> None:
    assert message in [line.partition(": ")[2] for line in mistakes(config(), override)]


def test_a_single_one_of_its_keys_can_be_overridden(config: WriteConfig) -> None:
    path = config(warm_restart="{every: 3, factor: 0.1}")
    experiment = load_experiment(path, ["warm_restart.every=5"])
    assert experiment.model_dump()["warm_restart"] == {"factor": 0.1, "every": 5}
    assert parse_values(dump(experiment).encode(), path)["warm_restart"] == {"factor": 0.1, "every": 5}
    path.write_text(dump(experiment))
    assert load_experiment(path) == experiment


def test_its_keys_can_be_overridden_where_a_file_has_null(config: WriteConfig) -> None:
    experiment = load_experiment(config(warm_restart="null"), ["warm_restart.every=5"])
    assert experiment.model_dump()["warm_restart"] == {"factor": 0.5, "every": 5}
