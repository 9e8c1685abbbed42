"""Damages dataset files, packed and raw, then verifies and loads them.

A file is refused (`DatasetError`, exit code 4), or what is loaded is what the published file holds. Raw files
of KMNIST, of which no digest is published, may hold other images, but of the right shape and with labels that
exist.
"""

from __future__ import annotations

import gzip
import random
import shutil
import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from nnlab.datasets import MNIST_FAMILY, Source, Split, idx, load_test
from nnlab.errors import DatasetError
from tests.laboratory import DATA
from tests.obstacles import LINK_TO_ITSELF, OBSTACLES, put
from tests.torture.command import bounded, call, worst
from tests.torture.mutation import damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LINKS = ("/dev/tty", "/proc/self/mem", "nowhere")  # /proc/self/mem is a regular file that cannot be read
NAMES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
KINDS = (("mnist", "packed"), ("mnist", "raw"), ("kmnist", "raw"))


def torture(home: Path, *, seed: int, count: int) -> str:
    """Use `count` files."""
    expected = load_test("mnist", source=Source(offline=True))
    outcomes: Counter[str] = Counter()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        (dataset, form), name = rng.choice(KINDS), rng.choice(NAMES)
        root = home / str(number)
        try:
            outcomes[judge(root, dataset, form, name, expected, rng)] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, file {number}, {dataset} {form} {name}: {error}") from error
        shutil.rmtree(root)
    return (
        f"{count} files: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}; "
        f"at most {worst['seconds']:.2f} s and {worst['megabytes']} MB"
    )


def judge(root: Path, dataset: str, form: str, name: str, expected: Split, rng: random.Random) -> str:
    """Load the test split with one hostile file; return the result in words."""
    folder = root / MNIST_FAMILY[dataset].folder / "raw"
    folder.mkdir(parents=True)
    for each in NAMES:
        packed = (DATA / f"{each}.gz").read_bytes()
        content = gzip.decompress(packed)
        path = folder / (f"{each}.gz" if form == "packed" else each)
        if each != name:
            path.write_bytes(packed if form == "packed" else content)
        elif rng.random() < 0.1:
            put_obstacle(path, rng)
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
    """Decode unchecked bytes of any length and shape."""
    try:
        array = idx.decode(content, "hostile")
    except DatasetError:
        return
    assert array.dtype == np.uint8
    assert array.nbytes <= len(content)


def put_obstacle(path: Path, rng: random.Random) -> None:
    """Put something at `path` that is not a file, or a link to something unreadable."""
    what = rng.choice((*OBSTACLES, LINK_TO_ITSELF, *LINKS))
    if what in LINKS:
        path.symlink_to(what)
    else:
        put(what, path)


def hostile_idx(content: bytes, rng: random.Random) -> bytes:
    """Return damaged IDX bytes, or bytes with a false header."""
    absurd = rng.choice([0, 1, 27, 9999, 10001, 1 << 31, (1 << 32) - 1])
    dimension = 4 * rng.randrange(1, 4)
    hostile: list[Callable[[], bytes]] = [
        *4 * [lambda: damage(content, rng)],
        lambda: content[:dimension] + struct.pack(">I", absurd) + content[dimension + 4 :],
        lambda: content[:2] + bytes([rng.randrange(256), rng.randrange(256)]) + content[4:],
        lambda: content[:8] + bytes([rng.randrange(10, 256)]) + content[9:],
        lambda: gzip.compress(content, 1),
    ]
    return rng.choice(hostile)()


def hostile_gzip(packed: bytes, content: bytes, rng: random.Random) -> bytes:
    """Return a damaged archive, or a valid one with other content."""
    hostile: list[Callable[[], bytes]] = [
        *4 * [lambda: damage(packed, rng)],
        lambda: content,
        lambda: gzip.compress(hostile_idx(content, rng), 1),
        lambda: gzip.compress(content, 1),
        lambda: packed + gzip.compress(b"more"),
        lambda: zlib.compress(content, 1),
        bomb,
    ]
    return rng.choice(hostile)()


def bomb() -> bytes:
    """Return a small archive that unpacks to 400 megabytes."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
