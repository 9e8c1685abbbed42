from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tomllib
from types import SimpleNamespace

import pytest

from nnlab import shipped
from nnlab.shipped import configs
from tests.laboratory import LINEAR, ROOT, Laboratory, config_text


def test_check_says_that_there_are_no_mistakes(lab: Laboratory) -> None:
    expected = "linear.yaml: no mistakes; the experiment is linear\n"
    assert lab.call("config", "check", "linear.yaml") == (0, expected, "")


def test_check_reports_all_mistakes_one_per_line(lab: Laboratory) -> None:
    lab.config("wrong.yaml", eta="fast", batch_size=-1, lr=1)
    checked = lab.call("config", "check", "wrong.yaml", "seed=x")
    assert (checked.code, checked.out) == (2, "")
    assert [line.split(": ")[:2] for line in checked.err.splitlines()] == [
        ["wrong.yaml:6", "eta"],
        ["wrong.yaml:7", "batch_size"],
        ["wrong.yaml:13", "lr"],
        ["command line", "seed"],
    ]


def test_check_reads_standard_input(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"dataset: mnist\n")))
    checked = lab.call("config", "check", "-")
    assert checked.code == 2
    assert all(line.startswith("<stdin>:") for line in checked.err.splitlines())


def test_check_reports_on_each_of_several_files(lab: Laboratory) -> None:
    lab.config("wrong.yaml", eta="fast")
    lab.config("a=b.yaml")
    checked = lab.call("config", "check", "wrong.yaml", "linear.yaml", "nosuch.yaml", "a=b.yaml")
    assert checked.code == 2
    assert checked.out.splitlines() == [
        "linear.yaml: no mistakes; the experiment is linear",
        "a=b.yaml: no mistakes; the experiment is a_b",
    ]
    assert [line.split(": ")[0] for line in checked.err.splitlines()] == ["wrong.yaml:6", "nosuch.yaml"]


def test_what_check_is_to_override_holds_for_all_files(lab: Laboratory) -> None:
    lab.config("wrong.yaml", eta="fast")
    assert lab.call("config", "check", "wrong.yaml", "eta=1", "linear.yaml").code == 0
    refused = lab.call("config", "check", "linear.yaml", "wrong.yaml", "eta=0")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "command line: eta: must be greater than 0 (given 0)\n"
    assert lab.call("config", "check", "linear.yaml", "description=" + 300 * "x").code == 0
    assert (
        lab.call("config", "check", "eta=0").err == "nnlab: name a CONFIG as well as the keys to override\n"
    )


def test_list_shows_what_each_shipped_config_is_about_in_80_columns(lab: Laboratory) -> None:
    listed = lab.nnlab("config", "list")
    assert (listed.code, listed.err) == (0, "")
    lines = listed.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[0] != " "] == ["config", *configs()]
    text = " ".join(listed.out.split())
    about = "No hidden layer: softmax of a linear function, which is multinomial logistic regression."
    assert f" mnist_linear {about} mnist_minute " in text


def test_a_shipped_config_is_taken_by_its_name(lab: Laboratory) -> None:
    path = configs()["xor"]
    assert lab.call("config", "check", "xor").out == f"{path}: no mistakes; the experiment is xor\n"
    assert "dataset: xor\n" in lab.call("config", "show", "xor").out
    assert lab.call("gradcheck", "xor").code == 0
    assert lab.call("train", "xor", "epochs=1", "-q").out == "runs/xor-001\n"
    assert lab.call("config", "check", "xor", "eta=-1").err.startswith("command line: eta: ")


def test_messages_about_a_shipped_config_name_its_real_path(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("package") / "configs"
    broken.mkdir()
    Laboratory(broken).config("mine.yaml", eta="fast")
    monkeypatch.setattr(shipped, "__file__", str(broken.parent / "shipped.py"))
    assert (
        lab.call("train", "mine").err == f"{broken / 'mine.yaml'}:6: eta: must be a number (given 'fast')\n"
    )


def test_an_existing_file_wins_over_a_shipped_config_and_a_folder_does_not(lab: Laboratory) -> None:
    (lab.folder / "xor").mkdir()
    assert "the experiment is xor\n" in lab.call("config", "check", "xor").out
    lab.config("line")
    assert lab.call("config", "check", "line").out == "line: no mistakes; the experiment is line\n"
    assert "dataset: mnist\n" in lab.call("config", "show", "line").out


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("xor.yaml", "xor.yaml: no such file; did you mean xor?\n"),
        ("xorr", "xorr: no such file; did you mean xor?\n"),
        ("./xor", "xor: no such file; did you mean xor?\n"),
        (
            "description=" + 300 * "x",
            f"nnlab: description={300 * 'x'} overrides a key; name the CONFIG before it\n",
        ),
        ("eta=0.1", "nnlab: eta=0.1 overrides a key; name the CONFIG before it\n"),
    ],
)
def test_a_misspelt_config_name_gets_a_suggestion(lab: Laboratory, config: str, says: str) -> None:
    assert lab.call("train", config) == (2, "", says)


def test_the_wheel_has_the_configs(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = tmp_path_factory.mktemp("site")
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    shutil.copytree(ROOT / "nnlab", site / "nnlab")
    for source, target in wheel["force-include"].items():
        (site / target).parent.mkdir(parents=True, exist_ok=True)
        (site / target).symlink_to(ROOT / source)
    run = "import sys; sys.path.insert(0, sys.argv.pop(1)); from nnlab.__main__ import main; main()"
    for arguments, expected in (
        (
            ["config", "check", "line"],
            f"{site}/nnlab/configs/line.yaml: no mistakes; the experiment is line\n",
        ),
        (
            ["train", "mnist_linear", "epochs=1", "train_size=500", "-q", "--offline"],
            "runs/mnist_linear-001\n",
        ),
    ):
        done = lab.run(sys.executable, "-c", run, str(site), *arguments)
        assert done == (0, expected, "")


def test_show_prints_a_config_that_shows_the_same(lab: Laboratory) -> None:
    shown = lab.call("config", "show", "linear.yaml", "eta=1e-3", "patience=null")
    assert (shown.code, shown.err) == (0, "")
    assert "eta: 0.001\n" in shown.out
    assert "patience: null\n" in shown.out
    assert "monitor: val_loss\n" in shown.out
    (lab.folder / "again.yaml").write_text(shown.out)
    assert lab.call("config", "show", "again.yaml").out == shown.out


def test_schema_is_a_json_schema(lab: Laboratory) -> None:
    schema = json.loads(lab.call("config", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert LINEAR.keys() <= set(schema["properties"])


def test_schema_writes_a_file_and_prints_its_path(lab: Laboratory) -> None:
    printed = lab.call("config", "schema").out
    (lab.folder / "old.json").write_text("old")
    for name in ("new.json", "old.json"):
        assert lab.call("config", "schema", "-o", name) == (0, f"{name}\n", "")
        assert (lab.folder / name).read_text(encoding="utf-8") == printed
    assert not list(lab.folder.glob(".*.tmp"))


NOT_A_FILE = "not a file; name one, such as experiment.schema.json"


@pytest.mark.parametrize(
    ("file", "code", "why"),
    [
        ("", 2, f"cannot write .: {NOT_A_FILE}"),
        ("folder", 2, f"cannot write folder: {NOT_A_FILE}"),
        ("pipe", 2, f"cannot write pipe: {NOT_A_FILE}"),
        ("link", 2, f"cannot write link: {NOT_A_FILE}"),
        ("loop", 2, f"cannot write loop: {NOT_A_FILE}"),
        ("nowhere/new.json", 2, "cannot write nowhere/new.json: there is no folder nowhere; make it first"),
        (
            "linear.yaml/new.json",
            2,
            "cannot write linear.yaml/new.json: there is no folder linear.yaml; make it first",
        ),
        ("x" * 300, 1, f"cannot write {'x' * 300}: File name too long"),
    ],
)
def test_schema_reports_an_unwritable_file_in_one_line(
    lab: Laboratory, file: str, code: int, why: str
) -> None:
    (lab.folder / "folder").mkdir()
    os.mkfifo(lab.folder / "pipe")
    (lab.folder / "link").symlink_to("linear.yaml")
    (lab.folder / "loop").symlink_to("loop")
    before = sorted(lab.folder.iterdir())
    assert lab.call("config", "schema", "-o", file) == (code, "", f"nnlab: {why}\n")
    assert sorted(lab.folder.iterdir()) == before
    assert (lab.folder / "linear.yaml").read_text() == config_text(LINEAR)
    assert (lab.folder / "pipe").is_fifo()
