"""The schema of an experiment: types, ranges, defaults and the rules between keys."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.config import Experiment, dump, json_schema, load_experiment, parse_values, yaml12
from nnlab.config.rules import MEANINGLESS_PAIRS
from nnlab.config.yaml12 import parse
from nnlab.datasets import DATASETS, MNIST_FAMILY
from nnlab.errors import ConfigError
from nnlab.network import ACTIVATIONS, INITIALISERS, LOSS_OF_A_GUESS, OUTPUTS
from nnlab.optimisation import SCHEDULES

if TYPE_CHECKING:
    from .conftest import FindMistakes, WriteConfig

ROOT = Path(__file__).parents[2]
KEYS = list(Experiment.model_fields)
REQUIRED = ["dataset", *KEYS[3:12]]
OUTPUT_NAMES = ["softmax", "sigmoid", "tanh", "identity"]
LOSS_NAMES = list(LOSS_OF_A_GUESS)


def test_a_config_of_the_required_keys_has_the_contracts_defaults(config: WriteConfig) -> None:
    assert load_experiment(config()).model_dump() == {
        "name": "mnist",
        "dataset": "mnist",
        "dataset_options": {},
        "architecture": (784, 128, 10),
        "activation": "relu",
        "output": "softmax",
        "loss": "log_likelihood",
        "eta": 0.5,
        "batch_size": 64,
        "epochs": 60,
        "patience": 5,
        "seed": 0,
        "monitor": "val_loss",
        "min_delta": 0.0,
        "start_from_epoch": 1,
        "validation_size": 10_000,
        "train_size": None,
        "initialisation": "auto",
        "start": None,
        "optimiser": "sgd",
        "optimiser_options": {},
        "momentum": 0.0,
        "momentum_ramp": None,
        "schedule": "constant",
        "schedule_options": {},
        "l1": 0.0,
        "l2": 0.0,
        "max_norm": None,
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "weight_average": 0.0,
        "inputs": "unit",
        "augmentation": None,
        "dtype": "float32",
        "diagnostics": False,
        "description": "",
    }


def test_the_keys_come_in_the_contracts_order_and_only_name_has_no_fixed_default() -> None:
    assert " ".join(KEYS) == (
        "name dataset dataset_options architecture activation output loss eta batch_size epochs patience "
        "seed monitor min_delta start_from_epoch validation_size train_size initialisation start optimiser "
        "optimiser_options momentum momentum_ramp schedule schedule_options l1 l2 max_norm dropout "
        "label_smoothing weight_average inputs augmentation dtype diagnostics description"
    )
    assert [key for key, field in Experiment.model_fields.items() if field.is_required()] == REQUIRED


@pytest.mark.parametrize("key", REQUIRED)
def test_a_required_key_that_is_missing_is_said_at_the_first_line(
    config: WriteConfig, mistakes: FindMistakes, key: str
) -> None:
    (line,) = mistakes(config(**{key: None}))
    assert line.startswith(f"mnist.yaml:1: {key}: missing; ")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("name", ["a", "_a", "1e3_x", "a.b+c-d"]),
        ("eta", ["1", "1e-3", "0x10", "5."]),
        ("batch_size", ["1", "full", "50000"]),
        ("epochs", ["1", "010"]),
        ("patience", ["0", "null", "", "~"]),
        ("seed", ["0", str(2**63 - 1)]),
        ("monitor", ["val_loss", "val_accuracy"]),
        ("min_delta", ["0", "1e-4"]),
        ("start_from_epoch", ["1", "7"]),
        ("validation_size", ["0", "1", "59936"]),
        ("train_size", ["null", "64", "50000"]),
        ("initialisation", ["auto", *INITIALISERS]),
        ("momentum", ["0", "0.99"]),
        ("l2", ["0", "1e-4"]),
        ("dtype", ["float32", "float64"]),
        ("description", ["no", "'1'", '"Kleines Netz – η = ½"']),
        ("architecture", ["[784, 10]", "[784, 30, 30, 10]", "\n- 784\n- 10"]),
        ("activation", [*(name for name in ACTIVATIONS if name != "step"), "[elu]"]),
        ("optimiser", ["sgd", "adam"]),
        ("schedule", list(SCHEDULES)),
        ("l1", ["0", "1e-5"]),
        ("max_norm", ["null", "3", "3.5", "[3, null]", "[null, null]"]),
        ("dropout", ["0", "0.5", "0.99", "[0.2, 0.5]", "[0, 0]"]),
        ("label_smoothing", ["0", "0.1"]),
        ("weight_average", ["0", "0.999"]),
        ("inputs", ["unit", "symmetric", "standardised"]),
        ("dataset", list(MNIST_FAMILY)),
        ("diagnostics", ["true", "false"]),
    ],
)
def test_every_value_in_range_is_taken(config: WriteConfig, key: str, values: list[str]) -> None:
    for value in values:
        written = parse(f"{key}: {value}").values[key]
        taken = getattr(load_experiment(config(**{key: value})), key)
        if key == "activation":  # a list of one name is the name
            written = "elu" if written == ["elu"] else written
        assert taken == (tuple(written) if isinstance(written, list) else written)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("name", ["3", "../x", ".hidden", "a/b", "a b", "ü", '""', '"a\\n"', "a" * 101, "null"]),
        ("dataset", ["cifar", "3", "null"]),
        ("architecture", ["784", "[784]", "[]", "[784, 0, 10]", "[784, 1.0, 10]", "[784, true, 10]", "full"]),
        (
            "architecture",
            ["[784, 100001, 10]", f"[784,{' 1,' * 99} 10]", "[784, 100000, 100000, 10]", "[[784], 10]"],
        ),
        ("activation", ["step", "softmax", "no", "[no]", "[step]", "[relu, relu]", "[]", "[3]", "null"]),
        ("output", ["step", "relu", "null"]),
        ("loss", ["mse", "null"]),
        ("eta", ["0", "-1", "true", ".nan", ".inf", "1e400", "'1'", "null", "[1]"]),
        ("batch_size", ["0", "-1", "64.0", "true", "half", "null", "50001", "'64'"]),
        ("epochs", ["0", "1.0", "true", "1e3", "null"]),
        ("patience", ["-1", "1.0", "true", "never"]),
        ("seed", ["-1", str(2**63), "null", "1.5"]),
        ("monitor", ["loss", "val_los"]),
        ("min_delta", ["-1e-9", "true", ".inf"]),
        ("start_from_epoch", ["0"]),
        ("validation_size", ["-1", "60000", "0.1", "null"]),
        ("train_size", ["0", "50001", "true", "all"]),
        ("initialisation", ["xavier"]),
        ("momentum", ["1", "-0.1", "true"]),
        ("l2", ["-1", "true"]),
        ("l1", ["-1", "true"]),
        ("optimiser", ["adm", "null", "3", "nadam"]),
        ("optimiser_options", ["null", "3", "[]"]),
        ("momentum_ramp", ["3", "linear", "{epochs: 3}"]),
        ("schedule", ["cosin", "null", "3"]),
        ("schedule_options", ["null", "3", "[]"]),
        ("max_norm", ["0", "-1", "true", "[3]", "[3, 0]", "[3, 3, 3]", "none"]),
        ("dropout", ["-0.1", "1", "true", "[0.5]", "[0.2, 1]", "[0.2, 0.5, 0.5]", "null", "[null, 0]"]),
        ("label_smoothing", ["-0.1", "1", "true"]),
        ("weight_average", ["-0.1", "1", "true"]),
        ("inputs", ["standardized", "null"]),
        ("augmentation", ["3", "shift", "[]"]),
        ("dtype", ["float16"]),
        ("description", ["1", "null", "x" * 2001, "{a: b}"]),
        ("diagnostics", ["yes", "1", "null"]),
        ("dataset_options", ["null", "3", "[]"]),
        ("start", ["random", "[]"]),
    ],
)
def test_every_value_out_of_range_is_one_line_about_its_key(
    config: WriteConfig, mistakes: FindMistakes, key: str, values: list[str]
) -> None:
    for value in values:
        (line,) = mistakes(config(**{key: value}))
        assert line.startswith("mnist.yaml:")
        assert f": {key}: " in line
        assert " (given " in line


@pytest.mark.parametrize(("output", "loss"), list(product([*OUTPUT_NAMES, "step"], LOSS_NAMES)))
def test_exactly_the_pairs_that_the_network_can_train_are_taken(
    config: WriteConfig, output: str, loss: str
) -> None:
    path = config(output=output, loss=loss)
    if (output, loss) in OUTPUTS:
        assert load_experiment(path).loss == loss
    else:
        with pytest.raises(ConfigError, match=r"^\S+:[45]: (loss|output): .+ \(given \w+'?|; take "):
            load_experiment(path)


def test_every_meaningless_pair_has_its_own_reason() -> None:
    assert set(product(OUTPUT_NAMES, LOSS_NAMES)) - set(OUTPUTS) == set(MEANINGLESS_PAIRS)


def test_the_losses_are_those_of_the_pairs() -> None:
    assert {loss for _, loss in OUTPUTS} == set(LOSS_NAMES)


def test_train_and_validation_examples_together_are_at_most_those_of_the_dataset(
    config: WriteConfig, mistakes: FindMistakes
) -> None:
    assert load_experiment(config(validation_size="5000", train_size="55000")).train_size == 55_000
    (line,) = mistakes(config(validation_size="5000", train_size="55001"))
    assert ": train_size: must be at most 55000, the examples that validation_size 5000 leaves" in line


def test_a_batch_is_at_most_all_training_examples(config: WriteConfig, mistakes: FindMistakes) -> None:
    assert load_experiment(config(batch_size="100", train_size="100")).batch_size == 100
    (line,) = mistakes(config(batch_size="101", train_size="100"))
    assert ": batch_size: must be at most 100, the number of training examples (given 101)" in line


def test_an_experiment_cannot_be_changed_and_can_be_a_key(config: WriteConfig) -> None:
    experiment = load_experiment(config())
    with pytest.raises(ValueError, match="frozen"):
        experiment.eta = 1.0
    assert {experiment: 1}[load_experiment(config())] == 1


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)
EXPERIMENTS = st.builds(
    Experiment.model_validate,
    st.fixed_dictionaries(
        {
            "name": st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}", fullmatch=True),
            "dataset": st.sampled_from(sorted(MNIST_FAMILY)),
            "architecture": st.lists(st.integers(1, 1000), max_size=98).map(
                lambda hidden: [784, *hidden, 10]
            ),
            "activation": st.sampled_from(["identity", "sigmoid", "tanh", "relu"]),
            "output": st.sampled_from(["softmax", "sigmoid", "tanh", "identity"]),
            "loss": st.just("quadratic"),
            "eta": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
            "batch_size": st.integers(1, 1000) | st.just("full"),
            "epochs": st.integers(1, 10**99),
            "patience": st.none() | st.integers(0, 10**6),
            "seed": st.integers(0, 2**63 - 1),
            "train_size": st.none() | st.integers(1000, 50_000),
            "momentum": st.floats(0, 1, exclude_max=True),
            "l2": st.floats(0, 1e300),
            "description": TEXT,
        }
    ),
)


@settings(deadline=None)
@given(EXPERIMENTS)
def test_a_dumped_experiment_loads_as_itself(
    tmp_path_factory: pytest.TempPathFactory, experiment: Experiment
) -> None:
    path = tmp_path_factory.getbasetemp() / "config.yaml"
    path.write_text(dump(experiment), encoding="utf-8")
    assert load_experiment(path) == experiment
    assert list(parse_values(path.read_bytes(), path)) == KEYS


def test_the_longest_description_still_fits_a_config(config: WriteConfig, tmp_path: Path) -> None:
    experiment = load_experiment(config()).model_copy(update={"description": "\U000e0001" * 2000})
    path = tmp_path / "long.yaml"
    path.write_text(dump(experiment))
    assert load_experiment(path) == experiment


def test_a_dumped_config_reads_like_one_written_by_hand(config: WriteConfig) -> None:
    assert dump(load_experiment(config())).splitlines()[:12] == [
        "name: mnist",
        "dataset: mnist",
        "dataset_options: {}",
        "architecture: [784, 128, 10]",
        "activation: relu",
        "output: softmax",
        "loss: log_likelihood",
        "eta: 0.5",
        "batch_size: 64",
        "epochs: 60",
        "patience: 5",
        "seed: 0",
    ]


def test_the_schema_file_is_the_schema() -> None:
    text = (ROOT / "configs" / "experiment.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def test_the_schema_gives_an_editor_names_ranges_and_meanings() -> None:
    schema = json_schema()
    properties = schema["properties"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["required"] == REQUIRED
    assert list(properties) == [*KEYS, "sweep"]
    assert all(properties[key]["description"] for key in KEYS)
    assert properties["dataset"]["enum"] == list(DATASETS)
    name, several = properties["activation"]["anyOf"]
    assert name["enum"] == [name for name in ACTIVATIONS if name != "step"]
    assert several == {"type": "array", "items": name}
    assert properties["output"]["enum"] == ["softmax", "sigmoid", "tanh", "identity"]
    assert properties["architecture"]["items"] == {"type": "integer", "minimum": 1, "maximum": 100_000}
    assert properties["eta"]["exclusiveMinimum"] == 0
    assert properties["momentum"]["exclusiveMaximum"] == 1
    assert properties["batch_size"]["anyOf"] == [
        {"type": "integer", "minimum": 1},
        {"type": "string", "const": "full"},
    ]
    assert "$ref" not in json.dumps(schema)


def test_the_schema_takes_what_a_sweep_tries() -> None:
    sweep = json_schema()["properties"]["sweep"]
    assert set(KEYS) - {"name", "description"} < set(sweep["propertyNames"]["enum"])
    a_list, a_range = sweep["additionalProperties"]["anyOf"]
    assert a_list == {"type": "array", "minItems": 1}
    assert re.match(a_range["pattern"], "log(1e-3, 1, 20)")
    assert not re.match(a_range["pattern"], "relu")


def test_an_editor_shows_the_unit_or_a_typical_value_of_every_key_and_its_default() -> None:
    properties = json_schema()["properties"]
    for key, field in Experiment.model_fields.items():
        described = properties[key]["description"]
        assert described.startswith(field.description)
        assert "enum" in properties[key] or re.search(
            r"typically|such as|\d,\d{3} characters|each epoch", described
        )
        default = yaml12.dump({"default": properties[key].get("default")}).strip()
        assert key == "name" or described.endswith("; required" if key in REQUIRED else f"; {default}")
    assert properties["eta"]["description"] == (
        "learning rate η, the size of a step down the gradient; above 0, typically 0.01 to 1; required"
    )
    assert properties["monitor"]["description"].endswith("; default: val_loss")
    options = properties["dataset_options"]["properties"]
    assert options["steps"]["description"].endswith("; default: 4")
    assert options["noise"]["description"].endswith(
        "; default: 0.1 for line, 0 for step, 0 for symmetric_step"
    )


def test_what_an_editor_fills_in_for_the_required_keys_is_an_experiment(tmp_path: Path) -> None:
    schema = json_schema()
    skeleton = {key: schema["properties"][key]["default"] for key in schema["required"]}
    path = tmp_path / "new.yaml"
    path.write_text(yaml12.dump(skeleton))
    experiment = load_experiment(path)
    assert {key: experiment.model_dump(mode="json")[key] for key in skeleton} == skeleton
    assert not flagged(skeleton)


def flagged(config: dict[str, object]) -> set[str]:
    """Return the keys of `config` that the rules between keys in the JSON Schema forbid."""
    keys = set()
    for rule in json_schema()["allOf"]:
        ((key, condition),) = rule["if"]["properties"].items()
        assert rule["if"]["required"] == [key]
        if config.get(key) in condition["enum"]:
            allowed = rule["then"]["properties"]
            keys |= {
                other for other in allowed if other in config and config[other] not in allowed[other]["enum"]
            }
    return keys


@pytest.mark.parametrize("loss", LOSS_NAMES)
@pytest.mark.parametrize("output", OUTPUT_NAMES)
def test_the_schema_flags_a_pair_without_a_meaning(output: str, loss: str) -> None:
    expected = set() if (output, loss) in OUTPUTS else {"loss"}
    assert flagged({"output": output, "loss": loss}) == expected


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_schema_flags_classes_where_there_are_values(dataset: str) -> None:
    expected = set() if DATASETS[dataset].classes else {"loss", "monitor"}
    assert flagged({"dataset": dataset, "loss": "cross_entropy", "monitor": "val_accuracy"}) == expected
    assert not flagged({"dataset": dataset, "loss": "quadratic", "monitor": "val_loss"})


def test_the_schema_flags_what_waits_where_every_epoch_improves() -> None:
    waiting = {"monitor": "epoch", "patience": 3, "schedule": "plateau"}
    assert flagged(waiting) == {"patience", "schedule"}
    assert not flagged({"monitor": "epoch", "patience": None, "schedule": "cosine"})


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_flags_nothing_in_a_shipped_config(path: Path) -> None:
    assert not flagged(parse_values(path.read_bytes(), path))
