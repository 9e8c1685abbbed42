from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from nnlab import shipped
from nnlab.shipped import configs

from .conftest import CONFIG, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

ROOT = Path(__file__).parents[2]


def test_check_says_that_there_are_no_mistakes(call: Callable[..., Outcome]) -> None:
    expected = "linear.yaml: no mistakes; the experiment is linear\n"
    assert call("config", "check", "linear.yaml") == (0, expected, "")


def test_check_tells_all_mistakes_a_line_each(call: Callable[..., Outcome], desk: Path) -> None:
    (desk / "wrong.yaml").write_text(CONFIG.replace("0.1", "fast").replace("64", "-1") + "lr: 1\n")
    checked = call("config", "check", "wrong.yaml", "seed=x")
    assert (checked.code, checked.out) == (2, "")
    assert [line.split(": ")[:2] for line in checked.err.splitlines()] == [
        ["wrong.yaml:6", "eta"],
        ["wrong.yaml:7", "batch_size"],
        ["wrong.yaml:13", "lr"],
        ["command line", "seed"],
    ]


def test_check_reads_standard_input(call: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"dataset: mnist\n")))
    checked = call("config", "check", "-")
    assert checked.code == 2
    assert all(line.startswith("<stdin>:") for line in checked.err.splitlines())


def test_check_takes_several_files_and_tells_of_each(call: Callable[..., Outcome], desk: Path) -> None:
    (desk / "wrong.yaml").write_text(CONFIG.replace("0.1", "fast"))
    (desk / "a=b.yaml").write_text(CONFIG)
    checked = call("config", "check", "wrong.yaml", "linear.yaml", "nosuch.yaml", "a=b.yaml")
    assert checked.code == 2
    assert checked.out.splitlines() == [
        "linear.yaml: no mistakes; the experiment is linear",
        "a=b.yaml: no mistakes; the experiment is a_b",
    ]
    assert [line.split(": ")[0] for line in checked.err.splitlines()] == ["wrong.yaml:6", "nosuch.yaml"]


def test_what_check_is_to_override_holds_for_all_files(call: Callable[..., Outcome], desk: Path) -> None:
    (desk / "wrong.yaml").write_text(CONFIG.replace("0.1", "fast"))
    assert call("config", "check", "wrong.yaml", "eta=1", "linear.yaml").code == 0
    refused = call("config", "check", "linear.yaml", "wrong.yaml", "eta=0")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "command line: eta: must be greater than 0 (given 0)\n"
    assert call("config", "check", "linear.yaml", "description=" + 300 * "x").code == 0
    assert call("config", "check", "eta=0").err == "nnlab: name a CONFIG as well as the keys to override\n"


def test_list_shows_what_each_shipped_config_is_about_in_80_columns(nnlab: Callable[..., Outcome]) -> None:
    listed = nnlab("config", "list")
    assert (listed.code, listed.err) == (0, "")
    lines = listed.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[0] != " "] == ["config", *configs()]
    text = " ".join(listed.out.split())
    about = "No hidden layer: softmax of a linear function, or multinomial logistic regression."
    assert f" mnist_linear {about} mnist_relu_deep " in text


def test_a_shipped_config_is_taken_by_its_name(call: Callable[..., Outcome]) -> None:
    path = configs()["xor"]
    assert call("config", "check", "xor").out == f"{path}: no mistakes; the experiment is xor\n"
    assert "dataset: xor\n" in call("config", "show", "xor").out
    assert call("gradcheck", "xor").code == 0
    assert call("train", "xor", "epochs=1", "-q").out == "runs/xor-001\n"
    assert call("config", "check", "xor", "eta=-1").err.startswith("command line: eta: ")


def test_messages_about_a_shipped_config_name_its_real_path(
    call: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("package") / "configs"
    broken.mkdir()
    (broken / "mine.yaml").write_text(CONFIG.replace("0.1", "fast"))
    monkeypatch.setattr(shipped, "__file__", str(broken.parent / "shipped.py"))
    assert call("train", "mine").err == f"{broken / 'mine.yaml'}:6: eta: must be a number (given 'fast')\n"


def test_an_existing_file_wins_over_a_shipped_config_and_a_folder_does_not(
    call: Callable[..., Outcome], desk: Path
) -> None:
    (desk / "xor").mkdir()
    assert "the experiment is xor\n" in call("config", "check", "xor").out
    (desk / "line").write_text(CONFIG)
    assert call("config", "check", "line").out == "line: no mistakes; the experiment is line\n"
    assert "dataset: mnist\n" in call("config", "show", "line").out


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
def test_what_is_nearly_the_name_of_a_config_is_told_so(
    call: Callable[..., Outcome], config: str, says: str
) -> None:
    assert call("train", config) == (2, "", says)


def test_the_wheel_has_the_configs(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
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
        done = subprocess.run(
            [sys.executable, "-c", run, str(site), *arguments],
            cwd=desk,
            env=environment(desk),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_show_prints_a_config_that_shows_the_same(call: Callable[..., Outcome], desk: Path) -> None:
    shown = call("config", "show", "linear.yaml", "eta=1e-3", "patience=null")
    assert (shown.code, shown.err) == (0, "")
    assert "eta: 0.001\n" in shown.out
    assert "patience: null\n" in shown.out
    assert "monitor: val_loss\n" in shown.out
    (desk / "again.yaml").write_text(shown.out)
    assert call("config", "show", "again.yaml").out == shown.out


def test_schema_is_a_json_schema(call: Callable[..., Outcome]) -> None:
    schema = json.loads(call("config", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {line.split(":")[0] for line in CONFIG.splitlines()} <= set(schema["properties"])


def test_schema_writes_a_file_and_prints_its_path(call: Callable[..., Outcome], desk: Path) -> None:
    printed = call("config", "schema").out
    (desk / "old.json").write_text("old")
    for name in ("new.json", "old.json"):
        assert call("config", "schema", "-o", name) == (0, f"{name}\n", "")
        assert (desk / name).read_text(encoding="utf-8") == printed
    assert not list(desk.glob(".*.tmp"))


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
def test_schema_tells_in_a_line_what_cannot_be_written(
    call: Callable[..., Outcome], desk: Path, file: str, code: int, why: str
) -> None:
    (desk / "folder").mkdir()
    os.mkfifo(desk / "pipe")
    (desk / "link").symlink_to("linear.yaml")
    (desk / "loop").symlink_to("loop")
    before = sorted(desk.iterdir())
    assert call("config", "schema", "-o", file) == (code, "", f"nnlab: {why}\n")
    assert sorted(desk.iterdir()) == before
    assert (desk / "linear.yaml").read_text() == CONFIG
    assert (desk / "pipe").is_fifo()
