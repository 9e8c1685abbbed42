"""Damages and forges checkpoints of a run, then evaluates and resumes them.

Whatever best.npz holds, and whatever a damaged last.npz does, the command says that it cannot be used (exit
code 5) or gives what the checkpoint gave before. No digest is kept of last.npz: one that is forged, and so
whole, may lead to other figures, but never to a traceback.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.laboratory import STEP, config_text
from tests.torture.command import call, worst
from tests.torture.mutation import damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# With these overrides a checkpoint has more arrays, and its state more to say.
METHODS = ["optimiser=adam", "momentum=0", "weight_average=0.9", "schedule=plateau"]


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` checkpoints, a quarter of them forged."""
    (home / "step.yaml").write_text(config_text(STEP))
    whole = home / "whole"
    runs = []
    for number, overrides in enumerate(([], METHODS), 1):
        assert call("train", home / "step.yaml", *overrides, "--runs", whole).code == 0
        runs.append(whole / f"step-{number:03}")
    expected = {(run, name): use(home, run, name) for run in runs for name in ("best.npz", "last.npz")}
    assert all(code == 0 for code, *_ in expected.values())
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        is_last, is_forged = rng.random() < 0.5, rng.random() < 0.25
        name, run = "last.npz" if is_last else "best.npz", rng.choice(runs)
        content = (run / name).read_bytes()
        hostile = forged(content, rng) if is_forged else damage(content, rng)
        may_differ = is_last and is_forged
        try:
            outcome = use(home, run, name, hostile)
            assert outcome[0] == 5 or may_differ or outcome == expected[run, name], outcome
            assert outcome[0] in ((0, 3, 5) if may_differ else (0, 5)), outcome
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, checkpoint {number}, {name}: {error}") from error
        if outcome[0] == 5:
            outcomes["refused"] += 1
        else:
            outcomes[
                "of no consequence" if outcome == expected[run, name] else "forged, and gone on with"
            ] += 1
    return (
        f"{count} checkpoints: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; "
        f"at most {worst['seconds']:.2f} s and {worst['megabytes']} MB"
    )


def use(home: Path, run: Path, name: str, hostile: bytes | None = None) -> tuple[int, object, object]:
    """Evaluate (best.npz) or resume (last.npz) a copy of `run`; return the exit code and the result."""
    copy = home / "copy" / run.name
    shutil.rmtree(home / "copy", ignore_errors=True)
    shutil.copytree(run, copy)
    if hostile is not None:
        (copy / name).write_bytes(hostile)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    if name == "best.npz":
        done = call("eval", copy, "--json")
        return done.code, done.out, None
    done = call("train", "--resume", copy, "epochs=6", "--json", "-q")
    if done.code == 5:
        assert before == {path.name: path.read_bytes() for path in copy.iterdir()}, (
            "what was there has changed"
        )
        return done.code, None, None
    rows = [line.rpartition(",")[0] for line in (copy / "metrics.csv").read_text().splitlines()]
    return done.code, json.loads(done.out) | {"seconds": None}, rows


def forged(content: bytes, rng: random.Random) -> bytes:
    """Return a valid archive that nnlab does not write."""
    with np.load(io.BytesIO(content)) as archive:
        arrays: dict[str, Any] = dict(archive)
    name = rng.choice(list(arrays))
    array = arrays[name]
    if name == "training_state":
        arrays[name] = np.array(forged_state(str(array), rng))
    else:
        forgeries: list[Callable[[], Any]] = [
            lambda: array.astype(rng.choice(["f2", "f8", ">f4", "i8", "c16", "U8", "S3", "?"])),
            lambda: array.reshape(-1)[: rng.randrange(array.size + 1)],
            lambda: array[np.newaxis],
            lambda: np.asfortranarray(np.atleast_2d(array)),
            lambda: np.zeros(rng.choice([0, 1, 10**6]), "f4"),
            lambda: (
                np.full_like(array, rng.choice([np.nan, np.inf, 1e38, 0]))
                if array.dtype.kind == "f"
                else array
            ),
            lambda: np.zeros(array.shape, [("a", "f4"), ("b", "i1", 3)]),
        ]
        arrays[name] = rng.choice(forgeries)()
    stream = io.BytesIO()
    how = rng.random()
    if how < 0.1:
        stream.write(bomb())
    elif how < 0.9:
        np.savez(stream, **arrays)
    else:
        lie(stream, arrays, rng)
    return stream.getvalue()


@cache
def bomb() -> bytes:
    """Return an archive of half a megabyte that holds 400 megabytes."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("weights.0.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (100 << 20,)}
        )
        for _ in range(400):
            file.write(bytes(1 << 20))
    return stream.getvalue()


def lie(stream: io.BytesIO, arrays: dict[str, Any], rng: random.Random) -> None:
    """Write an archive whose headers do not match its data."""
    with zipfile.ZipFile(
        stream, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    ) as archive:
        for name, array in arrays.items():
            shape = rng.choice(
                ["(10, )", "(10000000000, 784)", "(-1, )", "(0, 99999999999999)", "()", "(1, 'a')"]
            )
            dtype = rng.choice(
                ["'<f4'", "'|O'", "'<U100000000'", "[('a', '<f4')]", "__import__('os')", "'<f99'"]
            )
            order = rng.choice(["True", "False", "3"])
            header = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}}}"
            version = rng.choice([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"])
            archive.writestr(
                f"{name}.npy",
                b"\x93NUMPY"
                + version
                + len(header).to_bytes(2, "little")
                + header.encode()
                + array.tobytes(),
            )


def forged_state(text: str, rng: random.Random) -> str:
    """Return a state with an absurd value."""
    state = json.loads(text)
    absurd: object = rng.choice(
        [None, True, -1, 0, 1, 3, 10**18, 1 << 200, 1e308, -0.5, float("nan"), "", "3", [], {}, "[" * 5000]
    )
    within = rng.choice(
        [state, state["history"], state["falls"], state["shuffle"], state["shuffle"]["state"]]
    )
    key = rng.choice([*within, "more"])
    if rng.random() < 0.1 and key in within:
        del within[key]
    else:
        within[key] = absurd
    return rng.choice([json.dumps(state)] * 9 + ["[" * 100_000, "{", '"\\ud800"', "1e999", text[:50]])
