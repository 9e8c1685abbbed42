"""What a sweep tries: grids, ranges, combinations and seeds, and all mistakes in them at once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.config import dump, parse_values
from nnlab.config.digest import setting_digest
from nnlab.config.sweep import Sweep, load_sweep
from nnlab.errors import ConfigError, UsageError
from tests.laboratory import LINEAR, STEP, config_text

if TYPE_CHECKING:
    from pathlib import Path


def varied(sweep: Sweep) -> list[dict[str, object]]:
    return [dict(setting.varied) for setting in sweep.settings]


def mistakes(*overrides: str, **changes: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_sweep(LINEAR | changes, overrides)
    return str(caught.value).split("\n")


def test_lists_of_values_make_a_grid() -> None:
    sweep = load_sweep(LINEAR, ["eta=0.1,0.5", "activation=relu,tanh"])
    assert varied(sweep) == [
        {"eta": eta, "activation": activation} for eta, activation in product([0.1, 0.5], ["relu", "tanh"])
    ]
    assert [setting.experiment.eta for setting in sweep.settings] == [0.1, 0.1, 0.5, 0.5]


def test_one_value_is_an_override() -> None:
    sweep = load_sweep(LINEAR, ["eta=0.1,0.5", "epochs=7"])
    assert varied(sweep) == [{"eta": 0.1}, {"eta": 0.5}]
    assert {setting.experiment.epochs for setting in sweep.settings} == {7}


def test_without_values_there_is_one_setting() -> None:
    assert varied(load_sweep(LINEAR)) == [{}]


def test_values_may_be_lists() -> None:
    sweep = load_sweep(LINEAR, ["architecture=[784,10],[784,30,10]"])
    assert [setting.experiment.architecture for setting in sweep.settings] == [(784, 10), (784, 30, 10)]


def test_brackets_around_values_are_optional() -> None:
    assert varied(load_sweep(LINEAR, ["eta=[0.1,0.5]"])) == varied(load_sweep(LINEAR, ["eta=0.1,0.5"]))
    assert varied(load_sweep(LINEAR, ["architecture=[784,10]"])) == [{}]


def test_options_of_a_dataset_can_be_tried() -> None:
    sweep = load_sweep(STEP, ["dataset_options.steps=2,3"])
    assert [setting.experiment.dataset_options.model_dump()["steps"] for setting in sweep.settings] == [2, 3]


def test_the_same_setting_is_tried_once() -> None:
    assert varied(load_sweep(LINEAR, ["eta=0.1,0.5,0.10"])) == [{"eta": 0.1}, {"eta": 0.5}]


@pytest.mark.parametrize(
    ("overrides", "seeds", "expected"),
    [
        ([], None, (0, 1, 2, 3, 4)),
        ([], 2, (0, 1)),
        (["seed=7"], 3, (7, 8, 9)),
        (["seed=7,3"], None, (7, 3)),
        ([], [5, 6], (5, 6)),
        ([], np.int64(2), (0, 1)),
        ([], np.array([5, 6]), (5, 6)),
    ],
)
def test_seeds_are_counted_from_that_of_the_config_or_given(
    overrides: list[str], seeds: int | list[int] | None, expected: tuple[int, ...]
) -> None:
    assert load_sweep(LINEAR, overrides, seeds=seeds).seeds == expected


def test_seeds_given_twice_are_refused(path: Path) -> None:
    path.write_text(config_text(LINEAR) + "sweep: {seed: [1, 2], seeds: 2}\n")
    with pytest.raises(ConfigError, match=r"sweep\.seed: the seeds are given twice; leave out seed or seeds"):
        load_sweep(path)
    with pytest.raises(UsageError, match="seeds are given twice"):
        load_sweep(LINEAR, ["seed=1,2"], seeds=3)


def test_ranges_are_drawn_together() -> None:
    sweep = load_sweep(LINEAR, ["eta=log(1e-3,1,20)", "momentum=uniform(0,0.9,20)"])
    assert len(sweep.settings) == 20
    etas = [setting.experiment.eta for setting in sweep.settings]
    assert all(1e-3 <= eta <= 1 for eta in etas)
    assert sum(eta < 0.0316 for eta in etas) in range(4, 17)  # half of them, in the logarithm
    assert all(0 <= setting.experiment.momentum <= 0.9 for setting in sweep.settings)


def test_more_draws_only_add_values() -> None:
    few, many = (varied(load_sweep(LINEAR, [f"eta=log(1e-3,1,{n})"])) for n in (5, 12))
    assert many[:5] == few


def test_a_range_is_drawn_for_each_value_of_a_list() -> None:
    sweep = load_sweep(LINEAR, ["eta=log(1e-3,1,4)", "activation=relu,tanh"])
    assert len(sweep.settings) == 8


def test_whole_numbers_are_drawn_for_keys_that_take_them() -> None:
    sweep = load_sweep(LINEAR, ["batch_size=log(8,256,6)"])
    assert all(isinstance(setting.experiment.batch_size, int) for setting in sweep.settings)


def test_ranges_of_different_lengths_are_refused() -> None:
    with pytest.raises(UsageError, match="eta and l2 are drawn together; give them the same number"):
        load_sweep(LINEAR, ["eta=log(1e-3,1,4)", "l2=log(1e-6,1e-3,5)"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tried.yaml"


def test_a_file_says_what_is_tried(path: Path) -> None:
    path.write_text(config_text(LINEAR) + "sweep:\n  eta: [0.1, 0.5]\n  l2: log(1e-6, 1e-3, 3)\n  seeds: 2\n")
    sweep = load_sweep(path)
    assert sweep.name == "tried"
    assert len(sweep.settings) == 6
    assert sweep.seeds == (0, 1)


def test_the_command_line_replaces_what_the_file_says_of_a_key(path: Path) -> None:
    path.write_text(config_text(LINEAR) + "sweep:\n  eta: [0.1, 0.5]\n  activation: [relu, tanh]\n")
    assert varied(load_sweep(path, ["eta=0.2"])) == [{"activation": "relu"}, {"activation": "tanh"}]
    assert len(load_sweep(path, ["eta=0.2,0.3,0.4"]).settings) == 6


def test_a_file_lists_combinations(path: Path) -> None:
    path.write_text(
        config_text(LINEAR)
        + "sweep:\n  combinations:\n  - {activation: sigmoid, eta: 1}\n  - activation: relu\n    l2: 0.1\n"
        + "  seeds: [4, 9]\n"
    )
    sweep = load_sweep(path)
    assert varied(sweep) == [{"activation": "sigmoid", "eta": 1}, {"activation": "relu", "l2": 0.1}]
    assert sweep.seeds == (4, 9)


def test_mistakes_of_a_file_have_its_lines(path: Path) -> None:
    path.write_text(
        config_text(LINEAR)
        + "sweep:\n  eta: []\n  l2: 3\n  seeds: 0\n  combinations:\n  - 7\n  - {momentum: 2}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    first = len(LINEAR) + 2
    lines = str(caught.value).replace(f"{path}:", "").split("\n")
    assert lines == [
        f"{first}: sweep.eta: an empty list; write one value at least, such as [0.1, 0.5]",
        (
            f"{first + 1}: sweep.l2: must be a list of values, such as [0.1, 0.5], or a range, such as "
            "log(1e-3, 1, 20) (given 3)"
        ),
        f"{first + 2}: seeds: must be a number of seeds, or a list of them such as [0, 1, 2] (given 0)",
        f"{first + 4}: sweep.combinations: each item must be a mapping, such as {{eta: 0.1, l2: 0}}",
    ]


def test_a_key_is_tried_in_one_place(path: Path) -> None:
    path.write_text(config_text(LINEAR) + "sweep:\n  combinations: \n  - {eta: 1}\n")
    with pytest.raises(ConfigError, match="command line: eta: is in the combinations, too"):
        load_sweep(path, ["eta=0.3"])


def test_python_values_are_tried() -> None:
    by_key = load_sweep(LINEAR, {"epochs": 2}, {"eta": (0.1, 0.2), "architecture": [[784, 10], [784, 3, 10]]})
    assert len(by_key.settings) == 4
    assert {setting.experiment.epochs for setting in by_key.settings} == {2}
    listed = load_sweep(LINEAR, {}, [{"eta": 0.1}, {"eta": 0.2, "l2": 0.1}])
    assert varied(listed) == [{"eta": 0.1}, {"eta": 0.2, "l2": 0.1}]


def test_a_mistake_in_every_combination_is_said_once() -> None:
    assert sorted(mistakes("etaa=1,2", "epochs=0")) == [
        "command line: epochs: must be at least 1 (given 0)",
        "command line: etaa: unknown key; did you mean eta?",
    ]


def test_a_mistake_in_some_combinations_names_the_first() -> None:
    (line,) = mistakes("output=softmax,sigmoid", "eta=1,2,3")
    assert line.startswith("command line: loss: does not fit output sigmoid")
    assert line.endswith("(with output=sigmoid eta=1 and 2 more)")


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("eta=log(0,1,3)", "must begin above 0, because 0 has no logarithm"),
        ("eta=uniform(1,0,3)", r"must be uniform\(LOW, HIGH, NUMBER\), with LOW less than HIGH"),
        ("eta=log(1)", r"must be log\(LOW, HIGH, NUMBER\)"),
        ("eta=log(1,2,x)", r"must be log\(LOW, HIGH, NUMBER\)"),
        ("eta=uniform(0,1,0)", "must draw a whole number of values"),
        ("eta=uniform(0,1,1.5)", "must draw a whole number of values"),
        ("seed=-1,2", "must be a number of seeds, or a list of them"),
        ("eta=0.1,,0.5", "must be a number"),
        ("eta=", "must be a number"),
        ("name=a,b", "must be letters"),
    ],
)
def test_a_mistake_is_one_line(override: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        load_sweep(LINEAR, [override])
    assert len(str(caught.value).split("\n")) == 1


def test_a_key_given_twice_is_refused() -> None:
    assert mistakes("eta=0.1,0.2", "eta=1") == ["command line: eta: given twice"]


def test_a_huge_grid_needs_consent() -> None:
    huge = [f"eta=uniform(0.1,1,{10**6 // 5})"]
    with pytest.raises(UsageError, match="this makes 1,000,000 trials; repeat it with --yes"):
        load_sweep(LINEAR, huge)
    assert len(load_sweep(LINEAR, ["eta=uniform(0.1,1,3000)"], most=None).settings) > 2500


@pytest.mark.parametrize("keys", [LINEAR, STEP], ids=["mnist", "toy"])
def test_a_digest_ignores_the_name_the_seed_and_the_spelling(keys: dict[str, object]) -> None:
    (setting,) = load_sweep(keys).settings
    other = setting.experiment.model_copy(update={"name": "b", "seed": 3, "description": "x"})
    assert setting_digest(other.model_dump()) == setting.digest
    written = parse_values(dump(other).encode(), None)  # type: ignore[arg-type]  # there is no mistake
    assert setting_digest(written) == setting.digest


def test_a_digest_depends_on_every_other_key() -> None:
    digests = {
        load_sweep(LINEAR, [change]).settings[0].digest
        for change in ("eta=0.2", "l2=0.1", "patience=9", "diagnostics=true", "dtype=float64", "eta=0.1")
    }
    assert len(digests) == 6


def test_a_key_with_its_default_does_not_change_a_digest() -> None:
    """So a later version may add keys."""
    values = load_sweep(LINEAR).settings[0].experiment.model_dump()
    assert setting_digest({key: value for key, value in values.items() if key != "momentum"}) == (
        setting_digest(values)
    )
