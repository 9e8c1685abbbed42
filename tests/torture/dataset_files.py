"""Damages dataset files, packed and raw, and has them verified and loaded.

A file is refused (`DatasetError`, exit code 4), or what is loaded is what the published file holds. Raw files
of KMNIST, of which no digest is published, may hold other images, but of the right shape and with labels that
exist.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import shutil
import socket
import struct
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

from command import bounded, call, worst
from mutation import damage
from nnlab.datasets import FAMILY, Source, Split, idx, load_test
from nnlab.errors import DatasetError

PUBLISHED = Path(__file__).parents[2] / "data" / "MNIST" / "raw"
NAMES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
KINDS = ("mnist packed", "mnist raw", "kmnist raw")


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` files."""
    expected = load_test("mnist", source=Source(offline=True))
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        kind, name = rng.choice(KINDS), rng.choice(NAMES)
        root = home / str(number)
        try:
            outcomes[judge(root, kind, name, expected, rng)] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, file {number}, {kind} {name}: {error}") from error
        shutil.rmtree(root)
    return (
        f"{count} files: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; "
        f"at most {worst['seconds']:.2f} s and {worst['megabytes']} MB"
    )


def judge(root: Path, kind: str, name: str, expected: Split, rng: random.Random) -> str:
    """Load the test split with one hostile file; return in words what came of it."""
    dataset, form = kind.split()
    folder = root / FAMILY[dataset].folder / "raw"
    folder.mkdir(parents=True)
    for each in NAMES:
        packed = (PUBLISHED / f"{each}.gz").read_bytes()
        content = gzip.decompress(packed)
        path = folder / (f"{each}.gz" if form == "packed" else each)
        if each != name:
            path.write_bytes(packed if form == "packed" else content)
        elif rng.random() < 0.1:
            put_no_file(path, rng)
        else:
            hostile = hostile_gzip(packed, content, rng) if form == "packed" else hostile_idx(content, rng)
            path.write_bytes(hostile)
            with bounded("decoding"):
                decode(hostile)
    verified = call("data", "verify", dataset, "--data-dir", root)
    refusal = None
    with bounded("loading"):
        try:
            split = load_test(dataset, source=Source(root, offline=True))
        except DatasetError as error:
            refusal = str(error)
    if refusal:
        assert str(folder / name) in refusal or f"{name}.gz" in refusal, refusal
        assert verified.code == 4 or dataset == "kmnist", verified
        return "refused"
    if dataset == "kmnist":
        assert split.inputs.shape == expected.inputs.shape
        assert split.labels.shape == expected.labels.shape
        assert 0 <= split.labels.min() <= split.labels.max() <= 9
        return "of the right shape, without a digest"
    np.testing.assert_array_equal(split.inputs, expected.inputs)
    np.testing.assert_array_equal(split.labels, expected.labels)
    return "of no consequence"


def decode(content: bytes) -> None:
    """Decode what nobody has checked, of any length and shape."""
    try:
        array = idx.decode(content, "hostile")
    except DatasetError:
        return
    assert array.dtype == np.uint8
    assert array.nbytes <= len(content)


def put_no_file(path: Path, rng: random.Random) -> None:
    """Put something at `path` that is no file."""
    rng.choice(
        [
            path.mkdir,
            lambda: os.mkfifo(path),
            lambda: path.symlink_to(path),
            lambda: path.symlink_to("/dev/zero"),
            lambda: path.symlink_to("/dev/tty"),
            lambda: path.symlink_to("/proc/self/mem"),  # a regular file that cannot be read
            lambda: path.symlink_to("nowhere"),
            lambda: bind(path),
        ]
    )()


def bind(path: Path) -> None:
    """Put a socket at `path`, whose whole length would be too much to bind one to."""
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def hostile_idx(content: bytes, rng: random.Random) -> bytes:
    """Return damaged or lying IDX bytes."""
    absurd = rng.choice([0, 1, 27, 9999, 10001, 1 << 31, (1 << 32) - 1])
    dimension = 4 * rng.randrange(1, 4)
    return rng.choice(
        [
            *4 * [lambda: damage(content, rng)],
            lambda: content[:dimension] + struct.pack(">I", absurd) + content[dimension + 4 :],
            lambda: content[:2] + bytes([rng.randrange(256), rng.randrange(256)]) + content[4:],
            lambda: content[:8] + bytes([rng.randrange(10, 256)]) + content[9:],
            lambda: gzip.compress(content, 1),
        ]
    )()


def hostile_gzip(packed: bytes, content: bytes, rng: random.Random) -> bytes:
    """Return a damaged archive, or one that is whole but another."""
    return rng.choice(
        [
            *4 * [lambda: damage(packed, rng)],
            lambda: content,
            lambda: gzip.compress(hostile_idx(content, rng), 1),
            lambda: gzip.compress(content, 1),
            lambda: packed + gzip.compress(b"more"),
            lambda: zlib.compress(content, 1),
            bomb,
        ]
    )()


def bomb() -> bytes:
    """Return an archive of little that holds 400 megabytes."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
