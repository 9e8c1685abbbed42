"""Untrusted input: bytes that are not text, names with control characters, weights of another run."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.runs import records
from tests.laboratory import CONFIGS, DATA, OSCILLATING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

ESCAPES = "\x1b[31m", "\x9b31m", "\u202e"  # a colour, the same by a C1 control, and text from right to left
NOT_TEXT = "\udcff"  # the byte ff, as Python writes it in a path or an argument


def test_a_runs_folder_whose_name_is_not_text_is_like_any_other(lab: Laboratory) -> None:
    runs = f"r{NOT_TEXT}"
    trained = lab.nnlab("train", "linear.yaml", "epochs=1", "--runs", runs)
    assert (trained.code, trained.out) == (0, f"{runs}/linear-001\n")
    assert r"nnlab eval 'r\xff/linear-001'" in trained.err
    assert (lab.folder / runs / "linear-001").is_dir()
    evaluated = lab.nnlab("eval", NNLAB_RUNS=runs)
    assert (evaluated.code, evaluated.err) == (0, "")
    assert evaluated.out.startswith(r"r\xff/linear-001: best weights")
    found = json.loads(lab.nnlab("compare", "--runs", runs, "--format", "json").out)
    assert found[0]["status"] == "finished"
    assert found[0]["test_accuracy"] is not None
    resumed = lab.nnlab("train", "--resume", f"{runs}/linear-001", "epochs=2", "-q")
    assert resumed == (0, f"{runs}/linear-001\n", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "linear.yaml", f"{NOT_TEXT}=1"], 2),
        (["train", "linear.yaml", f"description={NOT_TEXT}"], 2),
        (["train", "linear.yaml", "--name", NOT_TEXT], 2),
        (["train", f"{NOT_TEXT}.yaml"], 2),
        (["eval", NOT_TEXT], 5),
        (["demo", NOT_TEXT], 2),
        (["baseline", NOT_TEXT], 2),
        ([NOT_TEXT], 2),
        (["data", "verify", NOT_TEXT], 2),
    ],
)
def test_bytes_that_are_not_text_are_one_line(lab: Laboratory, arguments: list[str], code: int) -> None:
    done = lab.nnlab(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_a_data_folder_whose_name_is_not_text_is_looked_in(lab: Laboratory) -> None:
    folder = f"d{NOT_TEXT}"
    (lab.folder / folder).mkdir()
    (lab.folder / folder / "MNIST").symlink_to(DATA.parent)
    done = lab.nnlab("data", "path", "mnist", "--data-dir", folder)
    assert done.out == f"{lab.folder}/{folder}/MNIST/raw\n"
    assert lab.nnlab("train", "linear.yaml", "epochs=1", "-q", "--data-dir", folder).code == 0


@pytest.mark.parametrize("escape", ESCAPES)
def test_names_and_texts_steer_no_terminal_in_any_format(run: Path, lab: Laboratory, escape: str) -> None:
    run = run.rename(run.with_name(f"linear{escape}"))
    config = run / "config.yaml"
    text = json.dumps(f"a{escape}\nb")
    config.write_text(config.read_text().replace("description: ''", f"description: {text}"))
    assert lab.call("eval", run.name).code == 0
    shown = [lab.call("eval", run.name).out, lab.call("eval", run.name, "--json").out]
    shown += [
        lab.call("compare", "--columns", "run,description", "--format", style).out
        for style in ("table", "csv", "json", "markdown")
    ]
    assert all(char == "\n" or char.isprintable() for out in shown for char in out)
    found = json.loads(lab.call("compare", "--columns", "run,description", "--format", "json").out)
    assert found == [{"run": run.name, "description": f"a{escape}\nb"}]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_cell_of_csv_is_not_taken_for_a_formula(run: Path, lab: Laboratory, text: str) -> None:
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("description: ''", f'description: "{text}"'))
    shown = lab.call("compare", "--columns", "description,eta", "--format", "csv").out
    assert list(csv.reader(io.StringIO(shown)))[1] == [f"'{text}", "0.1"]


def test_a_list_or_a_mapping_is_not_taken_for_a_formula(run: Path, lab: Laboratory) -> None:
    config = run / "config.yaml"
    text = config.read_text().replace("dataset_options: {}", 'dataset_options: {"=cmd|calc": 1}')
    config.write_text(text.replace("[784, 10]", '["=1+1", 10]'))
    columns = "architecture,dataset_options,train_size"
    shown = lab.call("compare", "--columns", columns, "--format", "csv").out
    assert list(csv.reader(io.StringIO(shown)))[1] == ["'=1+1-10", "'=cmd|calc=1", "1000"]


def test_a_folder_found_by_itself_forges_no_line_and_steers_no_terminal(run: Path, lab: Laboratory) -> None:
    run.rename(run.with_name("x\x1b[31m\nnnlab: FORGED"))
    resumed = lab.call("train", "--resume", "epochs=4")
    assert resumed.code == 0
    assert resumed.out == "runs/x\x1b[31m\nnnlab: FORGED\n", "a script needs the name as it is"
    assert "\nnnlab: FORGED" not in resumed.err
    assert "\x1b" not in resumed.err
    (lab.folder / resumed.out.removesuffix("\n") / "best.npz").unlink()
    refused = lab.call("eval")
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
    run: Path, lab: Laboratory, text: str, shown: str
) -> None:
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("description: ''", f"description: '{text}'"))
    lines = lab.call("compare", "--columns", "description", "--format", "markdown").out.splitlines()
    assert lines[2] == f"| {shown} |"


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e999"])
@pytest.mark.parametrize("key", ["eta", "architecture"])
def test_a_config_with_a_number_that_is_not_finite_is_broken_and_the_output_json(
    run: Path, lab: Laboratory, key: str, number: str
) -> None:
    config = run / "config.yaml"
    old, new = {"eta": ("0.1", number), "architecture": ("[784, 10]", f"[784, {number}]")}[key]
    config.write_text(config.read_text().replace(f"{key}: {old}", f"{key}: {new}"))
    (row,) = json.loads(lab.call("compare", "--format", "json", "--all").out, parse_constant=pytest.fail)
    assert row["status"] == "broken: config.yaml holds a number that is not finite"


def test_weights_of_another_run_are_noticed(run: Path, lab: Laboratory) -> None:
    other = lab.folder / lab.call("train", "linear.yaml", "seed=1", "-q").out.strip()
    assert lab.call("eval", "linear-001").code == 0
    shutil.copy2(other / "best.npz", run / "best.npz")  # with its times, as `cp -p`
    evaluated = lab.call("eval", "linear-001")
    assert (evaluated.code, evaluated.out) == (5, "")
    assert evaluated.err == (
        "nnlab: runs/linear-001/best.npz does not match the weights recorded in summary.json; restore "
        "the file, or train the run again\n"
    )
    rows = json.loads(lab.call("compare", "--format", "json", "--sort", "run").out)
    assert rows[0]["status"].startswith(
        "broken: best.npz does not match the weights recorded in summary.json"
    )
    assert (rows[0]["test_accuracy"], rows[1]["status"]) == (None, "finished")


def test_weights_of_another_run_are_noticed_in_a_copy_too(run: Path, lab: Laboratory) -> None:
    other = lab.folder / lab.call("train", "linear.yaml", "seed=1", "-q").out.strip()
    shutil.copy2(other / "best.npz", run / "best.npz")
    shutil.copytree(
        run.parent, lab.folder / "copy"
    )  # best.npz is now older than summary.json, or not, as it comes
    rows = json.loads(lab.call("compare", "--runs", "copy", "--format", "json", "--sort", "run").out)
    assert [row["status"].partition(":")[0] for row in rows] == ["broken", "finished"]


def test_best_weights_that_were_saved_again_are_still_the_right_ones(run: Path, lab: Laboratory) -> None:
    with np.load(run / "best.npz") as arrays:
        np.savez(run / "best.npz", padding=np.zeros(0), **arrays)
    assert lab.call("eval").code == 0
    with np.load(run / "best.npz") as arrays:
        np.savez(run / "best.npz", **{name: arrays[name] for name in arrays if name != "padding"})
    assert json.loads(lab.call("compare", "--format", "json").out)[0]["status"] == "finished"


def test_a_summary_cannot_make_compare_read_without_end(run: Path, lab: Laboratory) -> None:
    summary = lab.summary()
    del summary["best_npz_tail_sha256"]
    (run / "summary.json").write_text(json.dumps(summary | {"parameters": 10**12}))
    with (run / "best.npz").open("r+b") as file:
        file.truncate(30 << 30)  # of which next to nothing is on the disk
    assert lab.call("compare").code == 0


def test_a_training_that_ends_meanwhile_raises_no_false_alarm(
    run: Path, lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = records.read_or_none
    ended: list[bool] = []

    def training_ends_before(path: Path, kind: type) -> object:
        """Let a training finish between the reading of best.npz and that of summary.json."""
        if path.name == "summary.json" and not ended:
            ended.append(True)
            done = lab.nnlab("train", "--resume", "linear-001", "epochs=9", "-q")
            assert done.code == 0
        return read(path, kind)

    before = (run / "best.npz").read_bytes()
    monkeypatch.setattr(records, "read_or_none", training_ends_before)
    evaluated = lab.call("eval", "linear-001")
    assert (evaluated.code, evaluated.err, ended) == (0, "", [True])
    assert (run / "best.npz").read_bytes() != before


def test_weights_of_another_run_are_not_taken_over_by_resuming_a_run_of_an_older_version(
    run: Path, lab: Laboratory
) -> None:
    settled = lab.folder / lab.call("train", "linear.yaml", *OSCILLATING, "epochs=5", "-q").out.strip()
    with np.load(settled / "last.npz") as archive:
        state = json.loads(str(archive["training_state"]))
        del state["weights_sha256"]
        np.savez(settled / "last.npz", **dict(archive) | {"training_state": np.array(json.dumps(state))})
    shutil.copy(run / "best.npz", settled / "best.npz")
    assert lab.call("train", "--resume", str(settled), "epochs=6").code == 5


def test_weights_of_another_run_are_not_taken_over_by_resuming(run: Path, lab: Laboratory) -> None:
    settled = lab.folder / lab.call("train", "linear.yaml", *OSCILLATING, "epochs=5", "-q").out.strip()
    summary = lab.summary(settled.name)
    assert summary["best_epoch"] < 5, "its best weights have to differ from its last"
    shutil.copy(run / "best.npz", settled / "best.npz")
    resumed = lab.call("train", "--resume", str(settled), "epochs=6")
    assert (resumed.code, resumed.out) == (5, "")
    assert "best.npz is not the file that was written; restore the file" in resumed.err


def test_a_baseline_with_the_arrays_of_another_is_noticed(lab: Laboratory) -> None:
    sizes = ("train_size=500", "validation_size=100", "-q")
    first, second = (
        lab.folder / lab.call("baseline", "linear", f"ridge={ridge}", *sizes).out.strip() for ridge in (1, 2)
    )
    shutil.copy(second / "best.npz", first / "best.npz")
    assert lab.call("eval", str(first)).code == 5
    assert lab.call("eval", str(second)).code == 0


def test_weights_that_overflowed_are_never_best(lab: Laboratory) -> None:
    trained = lab.call("train", str(CONFIGS / "neuron.yaml"), "eta=1e39", "epochs=3")
    assert trained.code == 3
    assert trained.err.splitlines()[-1].startswith(
        "nnlab: the loss or a weight is no longer finite in epoch 1; take a smaller eta; the starting "
    )
    run = lab.folder / trained.out.strip()
    assert lab.summary(run.name)["status"] == "diverged"
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
def test_a_start_beyond_the_dtype_is_a_mistake_of_the_config(lab: Laboratory, start: str, key: str) -> None:
    arguments = ("train", str(CONFIGS / "neuron.yaml"), f"start={start}", "epochs=1")
    refused = lab.call(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(
        f"command line: start.{key}: must be between −3.4e+38 and 3.4e+38, the range"
    )
    assert lab.call(*arguments, "dtype=float64", "eta=1e-30").code == 0
