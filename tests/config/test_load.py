"""Files, overrides and messages: all mistakes at once, each on a line that says where and what."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnlab.config import BASELINES, json_schema, load_experiment, parse_config, parse_values, yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.synonyms import NO_SUCH_KEY, SYNONYMS, did_you_mean
from nnlab.errors import ConfigError
from nnlab.network import ACTIVATIONS
from nnlab.shipped import configs

from .conftest import CONFIG

MESSAGES = [
    pytest.param(*block.splitlines(), id=block.splitlines()[0])
    for block in (Path(__file__).parent / "messages.txt").read_text().strip().split("\n\n")[1:]
]

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import FindMistakes, WriteConfig

P = ParamSpec("P")


def refusal(read: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> list[str]:
    try:
        read(*arguments, **options)
    except ConfigError as error:
        return str(error).split("\n")
    return []


def test_five_mistakes_give_five_lines_with_their_line_numbers(
    tmp_path: Path, mistakes: FindMistakes
) -> None:
    (tmp_path / "five.yaml").write_text(
        "# Five mistakes of five kinds.\n"
        "dataset: mnist\n"
        "architecture: [783, 128, 10]\n"
        "activation: relu\n"
        "output: softmx\n"
        "loss: log_likelihood\n"
        "learning_rate: 0.5\n"
        "batch_size: abc\n"
        "epochs: 60\n"
        "epochs: 30\n"
        "patience: 5\n"
        "seed: 0\n"
    )
    assert mistakes(tmp_path / "five.yaml") == [
        "five.yaml:3: architecture: must begin with 784, the features of mnist (given [783, 128, 10])",
        (
            "five.yaml:5: output: must be softmax, sigmoid, tanh or identity (given 'softmx'); "
            "did you mean softmax?"
        ),
        "five.yaml:7: learning_rate: unknown key; did you mean eta?",
        "five.yaml:8: batch_size: must be a whole number of at least 1, or full (given 'abc')",
        "five.yaml:10: epochs: repeated key (first on line 9)",
    ]


@pytest.mark.parametrize(("change", "message"), MESSAGES)
def test_a_message_says_where_what_and_what_is_allowed(
    config: WriteConfig, mistakes: FindMistakes, change: str, message: str
) -> None:
    sign, text = change.split(" ", 1)
    key, _, value = text.partition(": ")
    path = config() if sign == "$" else config(**{key: value if sign == "+" else None})
    assert mistakes(path, *(text.split(", then ") if sign == "$" else [])) == [message]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("learning_rate", "eta"),
        ("lr", "eta"),
        ("learning-rate", "eta"),
        ("learning_rate_init", "eta"),
        ("Eta", "eta"),
        ("etta", "eta"),
        ("alpha", "l2"),
        ("weight_decay", "l2"),
        ("lmbda", "l2"),
        ("hidden_layer_sizes", "architecture"),
        ("sizes", "architecture"),
        ("layers", "architecture"),
        ("archtecture", "architecture"),
        ("early_stop", "patience"),
        ("n_iter_no_change", "patience"),
        ("max_iter", "epochs"),
        ("n_epochs", "epochs"),
        ("epoch", "epochs"),
        ("mini_batch_size", "batch_size"),
        ("random_state", "seed"),
        ("cost", "loss"),
        ("criterion", "loss"),
        ("tol", "min_delta"),
        ("init", "initialisation"),
        ("initialization", "initialisation"),
    ],
)
def test_the_keys_of_other_tools_and_typos_are_one_mistake_with_our_name(
    config: WriteConfig, mistakes: FindMistakes, theirs: str, ours: str
) -> None:
    (line,) = mistakes(config(**{ours: None, theirs: "1"}))
    assert line.endswith(f": {theirs}: unknown key; did you mean {ours}?")


@pytest.mark.parametrize(
    ("key", "theirs", "ours"),
    [
        ("loss", "crossentropy", "cross_entropy"),
        ("loss", "categorical_crossentropy", "log_likelihood"),
        ("loss", "nll", "log_likelihood"),
        ("loss", "mse", "quadratic"),
        ("activation", "logistic", "sigmoid"),
        ("activation", "linear", "identity"),
        ("activation", "ReLU", "relu"),
        ("output", "softmx", "softmax"),
        ("initialisation", "xavier", "glorot"),
        ("initialisation", "kaiming_normal", "he"),
        ("monitor", "val_acc", "val_accuracy"),
        ("dtype", "double", "float64"),
        ("dataset", "Fashion-MNIST", "fashion_mnist"),
    ],
)
def test_the_values_of_other_tools_and_typos_get_our_name(
    config: WriteConfig, mistakes: FindMistakes, key: str, theirs: str, ours: str
) -> None:
    (line,) = mistakes(config(**{key: theirs}))
    assert line.endswith(f"(given '{theirs}'); did you mean {ours}?")


def test_every_entry_of_the_table_of_other_names_leads_to_a_name_of_ours() -> None:
    properties = json_schema()["properties"].values()
    values = {value for schema in properties for value in schema.get("enum", ())} | set(ACTIVATIONS)
    options = {
        option
        for schema in properties
        for mapping in (schema, *schema.get("anyOf", ()))
        for option in mapping.get("properties", ())
    }
    columns = {"seconds", "parameters"}
    others = {"full", "null", "eval", "train", "compare", "validation", "markdown"}
    keys = {key for model in BASELINES.values() for key in model.model_fields}
    assert set(SYNONYMS) <= {
        *Experiment.model_fields,
        *values,
        *options,
        *BASELINES,
        *keys,
        *columns,
        *others,
    }
    for ours, theirs in SYNONYMS.items():
        assert all(did_you_mean(other, [ours]) == ours for other in theirs)


def test_a_key_that_nnlab_has_is_not_reported_as_missing() -> None:
    assert not set(NO_SUCH_KEY) & {*Experiment.model_fields, *SYNONYMS["eta"], *SYNONYMS["l2"]}


@pytest.mark.parametrize("key", NO_SUCH_KEY)
def test_the_keys_of_other_tools_that_nnlab_lacks_get_a_sentence_on_one_line(
    config: WriteConfig, mistakes: FindMistakes, key: str
) -> None:
    assert mistakes(config(**{key: "1"})) == [f"mnist.yaml:11: {key}: unknown key; {NO_SUCH_KEY[key]}"]
    written = key.upper().replace("_", "-")
    (line,) = mistakes(config(), f"{written}=1")
    assert line == f"command line: {written}: unknown key; {NO_SUCH_KEY[key]}"


def test_a_given_value_is_shown_short_on_one_line_without_control_characters(
    config: WriteConfig, mistakes: FindMistakes
) -> None:
    (line,) = mistakes(config(eta='"\\e[31m\\n' + "x" * 1000 + '"', **{'"\\a"': "1"}), "batch_size=1")[:1]
    shown = line.removeprefix("mnist.yaml:6: eta: must be a number (given ").removesuffix(")")
    assert shown.startswith("'\\x1b[31m\\nxxx")
    assert len(shown) == 60
    assert mistakes(config(**{'"\\a\\e"': "1"})) == [
        "mnist.yaml:11: \\x07\\x1b: unknown key; `nnlab config schema` lists all"
    ]


def test_the_name_is_by_default_the_files_stem(config: WriteConfig) -> None:
    names = {
        "mnist_softmax.yaml": "mnist_softmax",
        "v1.2+x-y.yaml": "v1.2+x-y",
        "größe 3.yaml": "gr__e_3",
        "-x.yaml": "x",
        ".yaml": "yaml",
        "-+.yaml": "experiment",
        "a" * 150 + ".yaml": "a" * 100,
    }
    assert {name: load_experiment(config(name)).name for name in names} == names
    assert load_experiment(config(seed="0\nname: written")).name == "written"


def test_an_override_replaces_the_files_value_and_its_mistake(config: WriteConfig) -> None:
    path = config(eta="nonsense", patience="!!int 3", architecture="[1]")
    experiment = load_experiment(
        path,
        ["eta=1e-1", "patience=", "architecture=[784, 30, 10]", "l2=0.1", "description='a=b: c'"],
        name="new",
    )
    assert (experiment.eta, experiment.patience, experiment.architecture) == (0.1, None, (784, 30, 10))
    assert (experiment.l2, experiment.description, experiment.name) == (0.1, "a=b: c", "new")


def test_an_override_that_is_not_text_is_refused(config: WriteConfig, mistakes: FindMistakes) -> None:
    assert mistakes(config(), "description=\udcff") == [
        "command line: description: the character '\\udcff' is not allowed; the file must be plain text"
    ]


def test_the_mistakes_of_the_command_line_come_after_the_files(
    config: WriteConfig, mistakes: FindMistakes
) -> None:
    assert mistakes(config(seed="x"), "eta=0", "eta=1", "name=a", name="-") == [
        "mnist.yaml:10: seed: must be a whole number (given 'x')",
        "command line: eta: given twice",
        "command line: name: given twice",
    ]


def test_the_name_on_the_command_line_is_text_and_goes_through_the_same_rules(
    config: WriteConfig, mistakes: FindMistakes
) -> None:
    assert load_experiment(config(), name="007").name == "007"
    (line,) = mistakes(config(), name="../up")
    assert line.startswith("command line: name: must be letters from A to Z, digits and _ . + -")


def test_standard_input_is_read_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    feed(CONFIG)
    assert load_experiment(None, ["eta=1"]).name == "experiment"
    feed(CONFIG.replace("0.5", "0"))
    with pytest.raises(ConfigError, match=r"^<stdin>:6: eta: must be greater than 0 \(given 0\)$"):
        load_experiment(None)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConfigError, match=r"^<stdin>: cannot be read: standard input is closed$"):
        load_experiment(None)


def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode())
    assert load_experiment(path).seed == 0


def test_a_missing_file_names_a_close_one_or_the_shipped_ones(
    config: WriteConfig, mistakes: FindMistakes, tmp_path: Path
) -> None:
    shipped = f"; nnlab comes with {', '.join(configs())} (`nnlab config list`)"
    assert mistakes(tmp_path / "nosuch.yaml") == [f"nosuch.yaml: no such file{shipped}"]
    assert mistakes(tmp_path) == [f".: a folder, not a config file{shipped}"]
    assert mistakes(tmp_path / "mnist_softmx.yaml") == [
        "mnist_softmx.yaml: no such file; did you mean mnist_softmax?"
    ]
    config("small.yaml")
    assert mistakes(tmp_path / "smal.yaml") == ["smal.yaml: no such file; did you mean small.yaml?"]
    (tmp_path / "configs").mkdir()
    config("configs/mnist.yaml")
    config("configs/lecture.yaml")
    assert mistakes(tmp_path / "mnist") == ["mnist: no such file; did you mean configs/mnist.yaml?"]
    assert mistakes(tmp_path / "lectur.yaml") == [
        "lectur.yaml: no such file; did you mean configs/lecture.yaml?"
    ]
    (tmp_path / "run").mkdir()
    config("run/config.yaml")
    assert mistakes(tmp_path / "run") == ["run: a folder, not a config file; did you mean run/config.yaml?"]


def test_a_file_that_is_not_text_or_too_large_is_one_line(tmp_path: Path, mistakes: FindMistakes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"seed: 0\nname: \xff\n")
    assert mistakes(path) == ["x.yaml:2: not UTF-8 text (byte 0xff)"]
    path.write_bytes(b"\x7fELF\0\0")
    assert mistakes(path) == ["x.yaml:1: the character '\\x7f' is not allowed; the file must be plain text"]
    path.write_bytes(b"#" * (64 * 1024 + 1))
    assert mistakes(path) == ["x.yaml: larger than 64 KiB; a config is one screen of text"]
    path.write_bytes(b"#" * (64 * 1024))
    assert mistakes(path) == ["x.yaml:1: the file is empty; write one `key: value` per line"]
    path.unlink()
    path.symlink_to("x.yaml")
    assert mistakes(path)[0].startswith("x.yaml: cannot be read: ")


def test_a_file_of_unknown_keys_is_explained_within_a_second(tmp_path: Path, mistakes: FindMistakes) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("".join(f"learning_rate_of_layer_{n}: [x]\n" for n in range(160)))
    started = time.process_time()
    assert len(mistakes(path)) > 160
    assert time.process_time() - started < 1


LINES = st.lists(
    st.sampled_from([*CONFIG.splitlines(), "eta: [", "lr: 3", "? a", "eta: *x", "'", "seed: !!x 1"])
)
FUZZ = st.one_of(
    st.binary(max_size=100),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")),
    st.tuples(LINES, st.sampled_from(list(Experiment.model_fields)), st.text(max_size=30)).map(
        lambda parts: "\n".join([*parts[0], f"{parts[1]}: {parts[2]}"]).encode("utf-8", "replace")
    ),
)


@settings(max_examples=500, deadline=1000)
@given(FUZZ)
@example(b"")
@example(b"{}")
@example(b"eta: " + b"9" * 60_000)
@example(b"\xff" * 1000)
def test_any_file_loads_or_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(content)
    for told in (
        refusal(load_experiment, path),
        refusal(parse_config, content, path),
        refusal(parse_values, content, path),
    ):
        assert all(line.startswith(str(path)) and line.isprintable() for line in told)


OVERRIDES = st.lists(
    st.builds("{}={}".format, st.sampled_from(list(Experiment.model_fields)), st.text(max_size=20))
    | st.text(max_size=20),
    max_size=4,
)


@settings(max_examples=300, deadline=1000)
@given(OVERRIDES)
def test_any_override_loads_or_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, overrides: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "overridden.yaml"
    path.write_text(CONFIG)
    assert all(line.isprintable() for line in refusal(load_experiment, path, overrides))


def test_parse_values_returns_values_without_validation(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("eta: 1e-3\nforgotten_key: [1, no]\n")
    assert parse_values(path.read_bytes(), path) == {"eta": 0.001, "forgotten_key": [1, "no"]}
    path.write_text("eta: 1\neta: 2\n")
    with pytest.raises(ConfigError, match="eta: repeated key"):
        parse_values(path.read_bytes(), path)


def test_a_key_with_a_dot_is_unknown_also_where_the_dataset_is(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("dataset_options.1: 2\n")
    told = refusal(load_experiment, path)
    assert any(line.startswith(f"{path}:1: dataset_options.1: unknown key; ") for line in told)


@given(
    st.lists(
        st.sampled_from(
            [
                "a: 1",
                "b: [1, 2]",
                "c: 'x",
                'd: "y"',
                "e: |",
                "  f: 1",
                "a: 2",
                "g: {h: 1}",
                "",
                "# i",
                "---",
                "j:",
                "k: 1\r...",
                "l: 1\u2028m: 2",
                "n: *o",
                "p: !q r",
                "s: - t",
                "u: 1 # v",
                "w: x: y",
                "%z",
                "...",
                "- a",
            ]
        ),
        max_size=6,
    )
)
def test_values_that_are_read_line_by_line_are_those_of_the_parser(lines: list[str]) -> None:
    path = Path("config.yaml")
    text = "".join(f"{line}\n" for line in lines)
    try:
        document = yaml12.parse(text)
    except yaml12.UnreadableError:
        document = None
    if document is None or document.mistakes:
        with pytest.raises(ConfigError):
            parse_values(text.encode(), path)
    else:
        assert parse_values(text.encode(), path) == document.values


def test_a_config_of_a_thousand_lines_is_refused_however_it_is_read() -> None:
    text = "".join(f"k{n}: 1\n" for n in range(600))
    with pytest.raises(ConfigError, match="more than 1000 keys and values"):
        parse_values(text.encode(), Path("config.yaml"))
