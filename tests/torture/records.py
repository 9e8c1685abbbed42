"""Damages the text files of a run, then compares, evaluates and resumes it.

A command says what is broken (exit code 5, or the run's status in `compare`), or gives what it gave before.
No checksum covers summary.json, eval_test.json and config.yaml: where a digit was changed, another figure is
shown, but only one that can be.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.laboratory import STEP, config_text
from tests.torture.command import call, worst
from tests.torture.mutation import damage

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = (
    *("metrics.csv", "diagnostics.csv", "environment.json"),
    *("summary.json", "eval_test.json", "config.yaml"),
)
COMMANDS = {
    "compare": ("compare", "--format", "json", "--all"),
    "eval": ("eval", "--json", "--offline"),
    "train": ("train", "--json", "-q", "--offline", "epochs=6", "--resume"),
}
HOSTILE = [
    *("", "null", "true", "-1", "0", "3", "1e999", "NaN", "1" * 400, "9" * 10_000, "[]", "{}", '""', '"x"'),
    *('"\\u001b[31m"', "[" * 3000, '"' + "x" * 100_000 + '"', "\\x00", "\ufeff", "１", "1_0", "0x1F", "'"),
]


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` damaged files, each in every command that may read it."""
    (home / "step.yaml").write_text(config_text(STEP))
    assert call("train", home / "step.yaml", "--runs", home / "whole").code == 0
    run = home / "whole" / "step-001"
    assert call("eval", run).code == 0
    expected = {command: use(home, run, command) for command in COMMANDS}
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        name = rng.choice(RECORDS)
        content = (run / name).read_bytes()
        hostile = damage(content, rng) if rng.random() < 0.5 else replaced(content.decode(), rng)
        for command in COMMANDS:
            if command == "train" and name == "config.yaml":
                continue  # it may well ask for a training of hours
            try:
                outcome = use(home, run, command, name, hostile)
                outcomes[judge(outcome, expected[command], name, command)] += 1
            except AssertionError as error:
                case = f"seed {seed}, file {number}, {command} of a {name} {hostile[:2000]!r}"
                raise AssertionError(f"{case}: {error}") from error
    return (
        f"{count} files in {outcomes.total()} commands: "
        f"{', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; "
        f"at most {worst['seconds']:.2f} s and {worst['megabytes']} MB"
    )


def use(home: Path, run: Path, command: str, name: str = "", hostile: bytes = b"") -> tuple[int, Any]:
    """Call the command on a copy of `run`; return the exit code and the result, without times."""
    copy = home / "copy" / run.name
    shutil.rmtree(home / "copy", ignore_errors=True)
    shutil.copytree(run, copy)
    if name:
        (copy / name).write_bytes(hostile)
    done = call(*COMMANDS[command], copy)
    if done.code != 0:
        return done.code, done.err
    result = json.loads(done.out)
    if command == "train":
        rows = [line.rpartition(",")[0] for line in (copy / "metrics.csv").read_text().splitlines()]
        return 0, [result | {"seconds": None}, rows]
    return 0, result


def replaced(text: str, rng: random.Random) -> bytes:
    """Return `text` with one of its values, keys or lines replaced by a hostile one."""
    pieces = list(re.finditer(r"[^\s,:{}\[\]\"]+" if rng.random() < 0.8 else r"(?m)^.*$", text))
    piece = rng.choice(pieces)
    return (text[: piece.start()] + rng.choice(HOSTILE) + text[piece.end() :]).encode()


def judge(outcome: tuple[int, Any], right: tuple[int, Any], name: str, command: str) -> str:
    """Return in words what the command did. Raises `AssertionError` if it broke a promise."""
    code, result = outcome
    if outcome == right:
        return "of no consequence"
    if command == "compare":
        assert code == 0, result
        (row,) = result
        if row["status"].startswith("broken: "):
            return "said to be broken"
        shown = [row[column] for column in ("val_accuracy", "test_accuracy") if row[column] is not None]
        assert all(0 <= accuracy <= 1 for accuracy in shown), row
        counts = [row[column] for column in ("best_epoch", "epochs_done", "parameters", "train_examples")]
        assert all(count is None or count >= 0 for count in counts), row
    elif code != 0:
        assert code == 5 or (code in (1, 4) and name == "config.yaml"), (
            outcome
        )  # config.yaml: another experiment
        return "refused"
    assert name in ("summary.json", "eval_test.json", "config.yaml"), outcome
    return "showing another figure"
