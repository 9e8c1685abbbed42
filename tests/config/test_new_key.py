"""A key whose value is a mapping is one field: messages, overrides and `dump` need no special case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
from pydantic import BaseModel, Field

from nnlab.config import Experiment, dump, load, load_experiment, overrides, parse_values
from nnlab.config.keys import STRICT, Phrases, SubKeys

if TYPE_CHECKING:
    from .conftest import FindMistakes, WriteConfig


class Schedule(BaseModel):
    model_config = STRICT

    factor: float = Field(0.5, gt=0, description="what eta is multiplied by")
    every: Annotated[int, Phrases(words=("never",))] = Field(ge=1, description="epochs between two changes")


class WithSchedule(Experiment):
    schedule: Annotated[
        Schedule | None, SubKeys(lambda _: Schedule), Phrases(must="must be {every: …, factor: …}, or null")
    ] = Field(None, description="how eta changes")


@pytest.fixture(autouse=True)
def _schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "Experiment", WithSchedule)
    monkeypatch.setattr(overrides, "Experiment", WithSchedule)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("schedule=3", "schedule: must be {every: …, factor: …}, or null (given 3)"),
        ("schedule.evry=3", "schedule.evry: unknown key; did you mean every?"),
        ("schedule.power=3", "schedule.power: unknown key; schedule has factor and every"),
        ("schedule.factor=1", "schedule.every: missing; epochs between two changes"),
        ("schedule.every=0", "schedule.every: must be at least 1 (given 0)"),
        ("schedule.every=nevr", "schedule.every: must be a whole number (given 'nevr'); did you mean never?"),
    ],
)
def test_messages_know_its_keys(
    config: WriteConfig, mistakes: FindMistakes, override: str, message: str
) -> None:
    assert message in [line.partition(": ")[2] for line in mistakes(config(), override)]


def test_a_single_one_of_its_keys_can_be_overridden(config: WriteConfig) -> None:
    path = config(schedule="{every: 3, factor: 0.1}")
    experiment = load_experiment(path, ["schedule.every=5"])
    assert experiment.model_dump()["schedule"] == {"factor": 0.1, "every": 5}
    assert parse_values(dump(experiment).encode(), path)["schedule"] == {"factor": 0.1, "every": 5}
    path.write_text(dump(experiment))
    assert load_experiment(path) == experiment


def test_its_keys_can_be_overridden_where_a_file_has_null(config: WriteConfig) -> None:
    experiment = load_experiment(config(schedule="null"), ["schedule.every=5"])
    assert experiment.model_dump()["schedule"] == {"factor": 0.5, "every": 5}
