"""What comes from elsewhere: bytes that are not text, names that steer, weights that are another run's."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.runs import records

from .conftest import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

CONFIGS = Path(__file__).parents[2] / "configs"
ESCAPES = "\x1b[31m", "\x9b31m", "\u202e"  # a colour, the same by a C1 control, and text from right to left


def in_bytes(folder: Path, *arguments: bytes | str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run nnlab on arguments that need not be text."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(folder) | variables,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_runs_folder_whose_name_is_not_text_is_like_any_other(desk: Path) -> None:
    trained = in_bytes(desk, "train", "linear.yaml", "epochs=1", "--runs", b"r\xff")
    assert (trained.returncode, trained.stdout) == (0, b"r\xff/linear-001\n")
    assert rb"nnlab eval 'r\xff/linear-001'" in trained.stderr
    assert os.path.isdir(os.fsencode(desk) + b"/r\xff/linear-001")  # noqa: PTH112 (a Path takes text alone)
    evaluated = in_bytes(desk, "eval", NNLAB_RUNS=os.fsdecode(b"r\xff"))
    assert (evaluated.returncode, evaluated.stderr) == (0, b"")
    assert evaluated.stdout.startswith(rb"r\xff/linear-001: best weights")
    found = json.loads(in_bytes(desk, "compare", "--runs", b"r\xff", "--format", "json").stdout)
    assert found[0]["status"] == "finished"
    assert found[0]["test_accuracy"] is not None
    resumed = in_bytes(desk, "train", "--resume", b"r\xff/linear-001", "epochs=2", "-q")
    assert (resumed.returncode, resumed.stdout, resumed.stderr) == (0, b"r\xff/linear-001\n", b"")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "linear.yaml", b"\xff=1"], 2),
        (["train", "linear.yaml", b"description=\xff"], 2),
        (["train", "linear.yaml", "--name", b"\xff"], 2),
        (["train", b"\xff.yaml"], 2),
        (["eval", b"\xff"], 5),
        (["demo", b"\xff"], 2),
        (["baseline", b"\xff"], 2),
        ([b"\xff"], 2),
        (["data", "verify", b"\xff"], 2),
    ],
)
def test_bytes_that_are_not_text_are_one_line(desk: Path, arguments: list[bytes | str], code: int) -> None:
    done = in_bytes(desk, *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


def test_a_data_folder_whose_name_is_not_text_is_looked_in(desk: Path) -> None:
    home = Path(os.fsdecode(os.fsencode(desk) + b"/d\xff"))
    home.mkdir()
    (home / "MNIST").symlink_to(Path(__file__).parents[2] / "data" / "MNIST")
    done = in_bytes(desk, "data", "path", "mnist", "--data-dir", b"d\xff")
    assert done.stdout == os.fsencode(home / "MNIST" / "raw") + b"\n"
    assert in_bytes(desk, "train", "linear.yaml", "epochs=1", "-q", "--data-dir", b"d\xff").returncode == 0


@pytest.mark.parametrize("escape", ESCAPES)
def test_names_and_texts_steer_no_terminal_in_any_format(
    with_run: Path, call: Callable[..., Outcome], escape: str
) -> None:
    run = with_run.rename(with_run.with_name(f"linear{escape}"))
    config = run / "config.yaml"
    text = json.dumps(f"a{escape}\nb")
    config.write_text(config.read_text().replace("description: ''", f"description: {text}"))
    assert call("eval", run.name).code == 0
    shown = [call("eval", run.name).out, call("eval", run.name, "--json").out]
    shown += [
        call("compare", "--columns", "run,description", "--format", style).out
        for style in ("table", "csv", "json", "markdown")
    ]
    assert all(char == "\n" or char.isprintable() for out in shown for char in out)
    found = json.loads(call("compare", "--columns", "run,description", "--format", "json").out)
    assert found == [{"run": run.name, "description": f"a{escape}\nb"}]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_cell_of_csv_is_no_formula(with_run: Path, call: Callable[..., Outcome], text: str) -> None:
    config = with_run / "config.yaml"
    config.write_text(config.read_text().replace("description: ''", f'description: "{text}"'))
    shown = call("compare", "--columns", "description,eta", "--format", "csv").out
    assert list(csv.reader(io.StringIO(shown)))[1] == [f"'{text}", "0.1"]


def test_a_list_or_a_mapping_is_no_formula_either(with_run: Path, call: Callable[..., Outcome]) -> None:
    config = with_run / "config.yaml"
    text = config.read_text().replace("dataset_options: {}", 'dataset_options: {"=cmd|calc": 1}')
    config.write_text(text.replace("[784, 10]", '["=1+1", 10]'))
    columns = "architecture,dataset_options,train_size"
    shown = call("compare", "--columns", columns, "--format", "csv").out
    assert list(csv.reader(io.StringIO(shown)))[1] == ["'=1+1-10", "'=cmd|calc=1", "1000"]


def test_a_folder_found_by_itself_forges_no_line_and_steers_no_terminal(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    with_run.rename(with_run.with_name("x\x1b[31m\nnnlab: FORGED"))
    resumed = call("train", "--resume", "epochs=4")
    assert resumed.code == 0
    assert resumed.out == "runs/x\x1b[31m\nnnlab: FORGED\n", "a script needs the name as it is"
    assert "\nnnlab: FORGED" not in resumed.err
    assert "\x1b" not in resumed.err
    (Path(resumed.out.removesuffix("\n")) / "best.npz").unlink()
    refused = call("eval")
    assert (refused.code, refused.err.count("\n")) == (5, 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("[here](http://x.org)", r"\[here\](http&#58;//x.org)"),
        ("![seen](x)", r"!\[seen\](x)"),
        ("www.x.org, a@x.org", "www&#46;x.org, a&#64;x.org"),
        ("a | b & c", r"a \| b &amp; c"),
        (r"\[x](y)", r"\\\[x\](y)"),
    ],
)
def test_a_cell_of_markdown_is_neither_html_nor_a_link(
    with_run: Path, call: Callable[..., Outcome], text: str, shown: str
) -> None:
    config = with_run / "config.yaml"
    config.write_text(config.read_text().replace("description: ''", f"description: '{text}'"))
    lines = call("compare", "--columns", "description", "--format", "markdown").out.splitlines()
    assert lines[2] == f"| {shown} |"


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e999"])
@pytest.mark.parametrize("key", ["eta", "architecture"])
def test_a_config_with_a_number_that_is_not_finite_is_broken_and_the_output_json(
    with_run: Path, call: Callable[..., Outcome], key: str, number: str
) -> None:
    config = with_run / "config.yaml"
    old, new = {"eta": ("0.1", number), "architecture": ("[784, 10]", f"[784, {number}]")}[key]
    config.write_text(config.read_text().replace(f"{key}: {old}", f"{key}: {new}"))
    (row,) = json.loads(call("compare", "--format", "json", "--all").out, parse_constant=pytest.fail)
    assert row["status"] == "broken: config.yaml holds a number that is not finite"


def test_weights_of_another_run_are_noticed(with_run: Path, call: Callable[..., Outcome]) -> None:
    other = Path(call("train", "linear.yaml", "seed=1", "-q").out.strip())
    assert call("eval", "linear-001").code == 0
    shutil.copy2(other / "best.npz", with_run / "best.npz")  # with its times, as `cp -p`
    evaluated = call("eval", "linear-001")
    assert (evaluated.code, evaluated.out) == (5, "")
    assert evaluated.err == (
        "nnlab: runs/linear-001/best.npz does not match the weights recorded in summary.json; put the right "
        "file back, or make the run anew\n"
    )
    rows = json.loads(call("compare", "--format", "json", "--sort", "run").out)
    assert rows[0]["status"].startswith(
        "broken: best.npz does not match the weights recorded in summary.json"
    )
    assert (rows[0]["test_accuracy"], rows[1]["status"]) == (None, "finished")


def test_weights_of_another_run_are_noticed_in_a_copy_too(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    other = Path(call("train", "linear.yaml", "seed=1", "-q").out.strip())
    shutil.copy2(other / "best.npz", with_run / "best.npz")
    shutil.copytree(with_run.parent, "copy")  # best.npz is now older than summary.json, or not, as it comes
    rows = json.loads(call("compare", "--runs", "copy", "--format", "json", "--sort", "run").out)
    assert [row["status"].partition(":")[0] for row in rows] == ["broken", "finished"]


def test_best_weights_that_were_saved_again_are_still_the_right_ones(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    with np.load(with_run / "best.npz") as arrays:
        np.savez(with_run / "best.npz", padding=np.zeros(0), **arrays)
    assert call("eval").code == 0
    with np.load(with_run / "best.npz") as arrays:
        np.savez(with_run / "best.npz", **{name: arrays[name] for name in arrays if name != "padding"})
    assert json.loads(call("compare", "--format", "json").out)[0]["status"] == "finished"


def test_a_summary_cannot_make_compare_read_without_end(with_run: Path, call: Callable[..., Outcome]) -> None:
    summary = json.loads((with_run / "summary.json").read_text())
    del summary["best_npz_tail_sha256"]
    (with_run / "summary.json").write_text(json.dumps(summary | {"parameters": 10**12}))
    with (with_run / "best.npz").open("r+b") as file:
        file.truncate(30 << 30)  # of which next to nothing is on the disk
    assert call("compare").code == 0


def test_a_training_that_ends_meanwhile_raises_no_false_alarm(
    with_run: Path, call: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = records.read_if_whole
    ended: list[bool] = []

    def training_ends_before(path: Path, kind: type) -> object:
        """Let a training go on to its end between the reading of best.npz and that of summary.json."""
        if path.name == "summary.json" and not ended:
            ended.append(True)
            done = in_bytes(with_run.parents[1], "train", "--resume", "linear-001", "epochs=9", "-q")
            assert done.returncode == 0
        return read(path, kind)

    before = (with_run / "best.npz").read_bytes()
    monkeypatch.setattr(records, "read_if_whole", training_ends_before)
    evaluated = call("eval", "linear-001")
    assert (evaluated.code, evaluated.err, ended) == (0, "", [True])
    assert (with_run / "best.npz").read_bytes() != before


def test_weights_of_another_run_are_not_taken_over_by_resuming_a_run_of_an_older_version(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    settled = Path(call("train", "linear.yaml", "eta=2", "momentum=0.9", "epochs=5", "-q").out.strip())
    with np.load(settled / "last.npz") as archive:
        state = json.loads(str(archive["training_state"]))
        del state["weights_sha256"]
        np.savez(settled / "last.npz", **dict(archive) | {"training_state": np.array(json.dumps(state))})
    shutil.copy(with_run / "best.npz", settled / "best.npz")
    assert call("train", "--resume", str(settled), "epochs=6").code == 5


def test_weights_of_another_run_are_not_taken_over_by_resuming(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    settled = call("train", "linear.yaml", "eta=2", "momentum=0.9", "epochs=5", "-q").out.strip()
    summary = json.loads(Path(settled, "summary.json").read_text())
    assert summary["best_epoch"] < 5, "its best weights have to differ from its last"
    shutil.copy(with_run / "best.npz", Path(settled, "best.npz"))
    resumed = call("train", "--resume", settled, "epochs=6")
    assert (resumed.code, resumed.out) == (5, "")
    assert "best.npz is not the file that was written; put it back" in resumed.err


def test_a_baseline_with_the_arrays_of_another_is_noticed(desk: Path, call: Callable[..., Outcome]) -> None:
    sizes = ("train_size=500", "validation_size=100", "-q")
    first, second = (
        desk / call("baseline", "linear", f"ridge={ridge}", *sizes).out.strip() for ridge in (1, 2)
    )
    shutil.copy(second / "best.npz", first / "best.npz")
    assert call("eval", str(first)).code == 5
    assert call("eval", str(second)).code == 0


def test_weights_that_overflowed_are_never_best(desk: Path, call: Callable[..., Outcome]) -> None:
    trained = call("train", str(CONFIGS / "neuron.yaml"), "eta=1e39", "epochs=3")
    assert trained.code == 3
    assert trained.err.splitlines()[-1].startswith(
        "nnlab: the loss or a weight is no longer finite in epoch 1; take a smaller eta; the starting "
    )
    run = desk / trained.out.strip()
    assert json.loads((run / "summary.json").read_text())["status"] == "diverged"
    for name in ("best.npz", "last.npz"):
        with np.load(run / name) as arrays:
            assert all(np.isfinite(arrays[each]).all() for each in arrays if each != "training_state")


@pytest.mark.parametrize(
    ("start", "key"),
    [
        ("{weights: [[[1e39]]], biases: [[0]]}", "weights"),
        ("{weights: [[[0]]], biases: [[-3.5e38]]}", "biases"),
    ],
)
def test_a_start_beyond_the_dtype_is_a_mistake_of_the_config(
    call: Callable[..., Outcome], start: str, key: str
) -> None:
    arguments = ("train", str(CONFIGS / "neuron.yaml"), f"start={start}", "epochs=1")
    refused = call(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"command line: start.{key}: must be between −3.4e+38 and 3.4e+38, what")
    assert call(*arguments, "dtype=float64", "eta=1e-30").code == 0
