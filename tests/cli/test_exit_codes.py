from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import DATA, DIVERGING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory, Outcome


def is_one_line(outcome: Outcome) -> bool:
    return outcome.err.count("\n") == 1 and outcome.err.endswith("\n") and outcome.out == ""


def test_1_when_the_runs_folder_is_a_file(lab: Laboratory) -> None:
    (lab.folder / "notes").touch()
    failed = lab.nnlab("train", "linear.yaml", "--runs", "notes")
    assert failed.code == 1
    assert failed.err == (
        "nnlab: cannot make a run folder in notes: File exists; choose another with --runs\n"
    )


def test_1_when_a_result_cannot_be_written(lab: Laboratory, run: Path) -> None:
    (run / "eval_test.json").mkdir()
    failed = lab.call("eval", "linear-001")
    assert failed.code == 1
    assert (
        "cannot write runs/linear-001/eval_test.json: a folder is in its place; move it away\n" in failed.err
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train"], "name a CONFIG, such as mnist_softmax, or a run with --resume"),
        (["nosuch"], "no command nosuch; there are train, eval, "),
        (["train", "linear.yaml", "--nosuch"], "no option --nosuch; see `nnlab train --help`"),
        (
            ["train", "linear.yaml", "--threads", "0"],
            "--threads takes a whole number from 1 to 4096 (given 0)",
        ),
        (["train", "linear.yaml", "--threads", "many"], "--threads takes a whole number from 1 to 4096"),
        (["train", "linear.yaml", "--threads", "4097"], "--threads takes a whole number from 1 to 4096"),
        (["train", "--resume", "linear-001", "--name", "x"], "out"),
        (["train", "--resume", "linear-001", "--dry-run"], "out"),
        (["eval", "--split", "nosuch"], "--split takes test, validation or train (given nosuch)"),
        (["eval", "--fail-under", "97"], "a number from 0 to 1 (given 97); did you mean 0.97?"),
        (["demo", "xor", "b"], "too many arguments: b"),
        (["compare", "--top", "0"], "--top takes a whole number of at least 1 (given 0)"),
        (["compare", "--format", "xml"], "--format takes table, csv, json or markdown (given xml)"),
        (["compare", "--sort", "nosuch"], "no column 'nosuch'; there are run, "),
        (["compare", "--columns", "run,nosuch"], "no column 'nosuch'; there are run, "),
        (["config", "nosuch"], "no command nosuch; there are list, check, show, schema"),
        (["data", "path", "nosuch"], "no dataset nosuch; there are mnist, fashion_mnist, kmnist"),
        (["data", "verify", "mnits"], "no dataset mnits; did you mean mnist?"),
        (["data", "download", "Fashion-MNIST"], "no dataset Fashion-MNIST; did you mean fashion_mnist?"),
    ],
)
@pytest.mark.usefixtures("run")
def test_2_and_one_line_for_a_usage_error(lab: Laboratory, arguments: list[str], says: str) -> None:
    refused = lab.call(*arguments)
    assert refused.code == 2
    assert says in refused.err
    assert is_one_line(refused)


def test_2_and_a_process_says_it_in_one_line(lab: Laboratory) -> None:
    refused = lab.nnlab("train", "nosuch.yaml")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert refused.err.startswith("nosuch.yaml: no such file; nnlab comes with fashion_mnist, line, ")


def test_2_and_one_line_for_each_of_five_mistakes(lab: Laboratory) -> None:
    (lab.folder / "wrong.yaml").write_text(
        "dataset: minst\n"
        "architecture: [784, 10]\n"
        "activation: relu\n"
        "output: softmax\n"
        "loss: log_likelihood\n"
        "learning_rate: 0.1\n"
        "batch_size: 0\n"
        "epochs: yes\n"
        "patience: 5\n"
        "seed: -1\n"
    )
    refused = lab.nnlab("train", "wrong.yaml")
    assert (refused.code, refused.out) == (2, "")
    lines = refused.err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["wrong.yaml:1", "dataset"],
        ["wrong.yaml:6", "learning_rate"],
        ["wrong.yaml:7", "batch_size"],
        ["wrong.yaml:8", "epochs"],
        ["wrong.yaml:10", "seed"],
    ]
    assert "did you mean mnist?" in lines[0]
    assert "did you mean eta?" in lines[1]
    assert not (lab.folder / "runs").exists()


def test_2_and_mistakes_of_overrides_are_reported_with_those_of_the_file(lab: Laboratory) -> None:
    (lab.folder / "wrong.yaml").write_text(
        (lab.folder / "linear.yaml").read_text().replace("eta: 0.1", "eta: -1")
    )
    refused = lab.call("train", "wrong.yaml", "epochs=0", "nonsense", "lr=1")
    assert refused.code == 2
    assert [line.split(": ")[:2] for line in refused.err.splitlines()] == [
        ["wrong.yaml:6", "eta"],
        ["command line", "nonsense"],
        ["command line", "epochs"],
        ["command line", "lr"],
    ]


def test_3_when_the_loss_leaves_the_finite_numbers(lab: Laboratory) -> None:
    diverged = lab.nnlab("train", "linear.yaml", *DIVERGING)
    assert (diverged.code, diverged.out) == (3, "runs/linear-001\n")
    assert diverged.err.splitlines()[-1] == (
        "nnlab: the loss or a weight is no longer finite in epoch 1; take a smaller eta; "
        "the starting weights are kept in runs/linear-001"
    )
    summary = (lab.folder / "runs/linear-001/summary.json").read_text()
    assert "NaN" not in summary
    assert (json.loads(summary)["status"], json.loads(summary)["best_epoch"]) == ("diverged", None)
    assert "nan" not in (lab.folder / "runs/linear-001/metrics.csv").read_text()


def test_4_when_a_byte_of_the_data_is_wrong(lab: Laboratory) -> None:
    raw = lab.folder / "mine" / "MNIST" / "raw"
    shutil.copytree(DATA, raw)
    file = raw / "train-labels-idx1-ubyte.gz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    failed = lab.nnlab("train", "linear.yaml", "--data-dir", "mine")
    assert failed.code == 4
    assert is_one_line(failed)
    assert f"{file}: wrong SHA-256; delete it, or run `nnlab data download mnist --data-dir" in failed.err
    assert not (lab.folder / "runs").exists()
    assert lab.nnlab("data", "verify", "mnist", "--data-dir", "mine").code == 4


def test_4_when_offline_data_are_nowhere(lab: Laboratory) -> None:
    failed = lab.call("train", "linear.yaml", "dataset=fashion_mnist", "--offline")
    assert (failed.code, failed.out) == (4, "")
    assert "train-images-idx3-ubyte.gz of Fashion-MNIST is missing" in failed.err
    assert "nnlab data download fashion_mnist" in failed.err
    assert not (lab.folder / "runs").exists()


@pytest.mark.parametrize("command", [["eval"], ["compare"], ["eval", "nosuch"], ["train", "--resume", "x"]])
def test_5_when_there_is_no_such_run(lab: Laboratory, command: list[str]) -> None:
    failed = lab.call(*command)
    assert failed.code == 5
    assert is_one_line(failed)


def test_5_when_a_checkpoint_is_cut_off(lab: Laboratory, run: Path) -> None:
    whole = (run / "best.npz").read_bytes()
    (run / "best.npz").write_bytes(whole[: len(whole) // 2])
    failed = lab.nnlab("eval")
    assert failed.code == 5
    assert failed.err.startswith("nnlab: runs/linear-001/best.npz is not a readable checkpoint: ")
    assert "Traceback" not in failed.err
    assert is_one_line(failed)


def test_5_when_a_checkpoint_has_a_flipped_bit(lab: Laboratory, run: Path) -> None:
    for name, command in (
        ("best.npz", ["eval"]),
        ("last.npz", ["train", "--resume", "linear-001", "epochs=4"]),
    ):
        content = bytearray((run / name).read_bytes())
        content[len(content) // 3] ^= 1
        (run / name).write_bytes(content)
        failed = lab.call(*command)
        assert failed.code == 5
        assert f"runs/linear-001/{name} is not a readable checkpoint: Bad CRC-32" in failed.err
        assert is_one_line(failed)


def test_6_when_the_accuracy_is_below_what_is_asked(lab: Laboratory, run: Path) -> None:
    below = lab.nnlab("eval", "--fail-under", "0.999", "--json")
    accuracy = json.loads(below.out)["accuracy"]
    assert below.code == 6
    assert below.err == f"nnlab: accuracy {accuracy} is below 0.999\n"
    assert json.loads((run / "eval_test.json").read_text())["accuracy"] == accuracy


@pytest.mark.usefixtures("run")
def test_0_when_the_accuracy_is_exactly_what_is_asked(lab: Laboratory) -> None:
    accuracy = json.loads(lab.call("eval", "--json", "--split", "validation").out)["accuracy"]
    assert lab.call("eval", "--split", "validation", "--fail-under", str(accuracy)).code == 0


@pytest.mark.parametrize("name", ["", "a" * 300, "../..", "linear.yaml"])
def test_a_name_that_no_run_can_have_is_one_line(lab: Laboratory, name: str) -> None:
    outcome = lab.call("eval", name)
    assert outcome.code == 5
    assert outcome.err.count("\n") == 1
