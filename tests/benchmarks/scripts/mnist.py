"""Loads MNIST from the published files for the scripts of all libraries; 10,000 images are held out."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np


def load(folder: Path, seed: int):
    """Return inputs and labels to train on, then to validate on; a row an example, pixels from 0 to 1."""

    def read(name: str, header: int):
        return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header)

    images = read("train-images-idx3-ubyte.gz", 16).reshape(60_000, 784)
    labels = read("train-labels-idx1-ubyte.gz", 8)
    order = np.random.default_rng(seed).permutation(60_000)

    def split(rows):
        return images[rows].astype(np.float32) / 255, labels[rows].astype(np.int64)

    return *split(order[10_000:]), *split(order[:10_000])
