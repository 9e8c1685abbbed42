"""Damages the shipped configs and writes hostile ones, then checks, shows and plans them.

Each is an experiment, and the same one when what `config show` prints is read again, or it is refused with
lines that each begin with the file's name (exit code 2).
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.laboratory import CONFIGS
from tests.torture.command import call, worst
from tests.torture.mutation import damage

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = [path.read_text() for path in sorted(CONFIGS.glob("*.yaml"))]
# An experiment with every method.
METHODS = """\
dataset: mnist
architecture: [784, 30, 20, 10]
activation: [elu, softplus]
output: softmax
loss: log_likelihood
eta: 0.1
batch_size: 100
epochs: 30
patience: null
seed: 0
optimiser: adam
optimiser_options: {beta1: 0.8}
schedule: cosine
schedule_options: {warm_up: 2}
l1: 1e-6
max_norm: [3, null, 2]
dropout: [0.2, 0.5, 0]
label_smoothing: 0.1
weight_average: 0.99
inputs: symmetric
augmentation: {shift: 1, rotate: 10, elastic: 34}
"""
VALUES = [
    *(
        "",
        "null",
        "~",
        "yes",
        "true",
        "-1",
        "0",
        "1e999",
        ".nan",
        "-.inf",
        "9" * 5000,
        "1" * 99,
        "010",
        "0x1F",
        "0o17",
    ),
    *(
        "1_000",
        "１２",
        "[",
        "]",
        "{",
        "[[[[[[[[[[[[1]]]]]]]]]]]]",
        "{a: {b: {c: 1}}}",
        "[784, 10",
        "[784, , 10]",
        "[]",
    ),
    *(
        "[784, 100000, 90000, 10]",
        "[784, 99999, 10]",
        "[784" + ", 1" * 300 + ", 10]",
        "[784, ten, 10]",
        "[true, 10]",
    ),
    *(
        "&a [*a]",
        "*a",
        "&a x",
        "!!python/object/apply:os.system [false]",
        "!!binary aGk=",
        "!<tag:x> 1",
        "<<: {eta: 1}",
    ),
    *(
        '"\\e[31m"',
        '"\\ud800"',
        '"\\0"',
        "'",
        '"',
        "|\n  text\n  more",
        ">\n  text",
        "%TAG",
        "@x",
        "`x`",
        "? x",
        "- x",
    ),
    *(
        "[0.2, 0.5, null]",
        "[3, 3]",
        "[relu, tanh]",
        "{beta1: 2, x: 1}",
        "{warm_up: 1e9}",
        "{shift: 2, rotate: true}",
        "nesterov",
        "plateau",
        "none",
    ),
    *(
        "x" * 60_000,
        "../../etc/passwd",
        "/",
        "\u202egpj.exe",
        "\u2028",
        "\ufeff",
        "é",
        "\t",
        "# only a comment",
        "...",
        "---",
    ),
]
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(10))
WHOLE = [
    *(
        "",
        "\n",
        "null",
        "[]",
        "- eta: 1",
        "eta",
        "eta: 1: 2",
        "\ufeff",
        "%YAML 9.9\n---\n",
        BOMB,
        "[" * 60_000,
        "{" * 60_000,
    ),
    *(
        "a: " * 20_000,
        "? " * 20_000,
        "- " * 20_000,
        "&a " * 9000,
        "".join(f"k{n}: {n}\n" for n in range(900)),
    ),
    *(
        "eta: 1\n" * 9000,
        "\n".join(f"{' ' * n}k:" for n in range(300)),
        "eta: 1\n...\n---\neta: 2",
        "'" * 9999,
    ),
]


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` configs."""
    outcomes: Counter[str] = Counter()
    path, again = home / "fuzzed.yaml", home / "again.yaml"
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        content = hostile(rng)
        path.write_bytes(content)
        try:
            outcomes[judge(path, again)] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, config {number}: {error}\n{content[:3000]!r}") from error
    return (
        f"{count} configs: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; "
        f"at most {worst['seconds']:.2f} s and {worst['megabytes']} MB"
    )


def hostile(rng: random.Random) -> bytes:
    """Return a config that is damaged or hostile."""
    text = rng.choice([*SHIPPED, *4 * [METHODS]])
    kind = rng.random()
    if kind < 0.3:
        return damage(text.encode(), rng)
    if kind < 0.4:
        return rng.choice(WHOLE).encode()
    if kind < 0.45:
        return text.encode(rng.choice(["utf-16", "utf-8-sig", "utf-32", "utf-7"]))
    for _ in range(rng.randrange(1, 4)):
        lines = text.splitlines(keepends=True)
        keys = [n for n, line in enumerate(lines) if re.match(r"\w+:", line)]
        at, other = rng.choice(keys), rng.choice(keys)
        key = lines[at].partition(":")[0]
        lines[at] = rng.choice(
            [
                *3 * [f"{key}: {rng.choice(VALUES)}\n"],
                f"{rng.choice(VALUES)}: 1\n",
                f"{key}.{rng.choice(['steps', 'x', '1'])}: {rng.choice(VALUES)}\n",
                lines[other],
                lines[at] * 2,
                "",
                f"  {lines[at]}",
                lines[at].replace(":", ""),
            ]
        )
        text = "".join(lines) or "\n"
        if not any(re.match(r"\w+:", line) for line in text.splitlines()):
            break
    return text.encode()


def judge(path: Path, again: Path) -> str:
    """Return in words how nnlab treats the config."""
    checked = call("config", "check", path)
    shown = call("config", "show", path)
    planned = call("train", path, "--dry-run")
    assert checked.code == shown.code == planned.code, (checked, shown, planned)
    if checked.code != 0:
        assert checked.code == 2, checked
        assert all(line.startswith(str(path)) for line in checked.err.splitlines()), checked.err
        assert all(line.isprintable() for line in checked.err.splitlines()), checked.err
        assert shown.err == checked.err == planned.err
        assert (shown.out, planned.out) == ("", "")
        return "refused"
    again.write_text(shown.out)
    assert call("config", "show", again).out == shown.out
    return "an experiment"
