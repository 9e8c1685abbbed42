"""What the scripts that train many networks share: the images, the arguments, and a process for each core.

The experiment is 784-128-10 with rectified linear neurons and softmax output in batches of 64, η 0.1. Each
script prints the seed of each network and its accuracy on the test images.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np

HIDDEN, BATCH_SIZE, ETA = 128, 64, 0.1

mnist, setting, networks, epochs, examples = sys.argv[1:]
SEEDS, EPOCHS, EXAMPLES = range(int(networks)), int(epochs), int(examples)
CORES = sorted(os.sched_getaffinity(0))


def load():
    """Return inputs and labels to train on, then to test on; a row an example, pixels from 0 to 1."""
    return *split("train", EXAMPLES), *split("t10k", 10_000)


def split(name, size):
    """Return the first `size` inputs and labels of a published file."""

    def read(kind, header):
        return np.frombuffer(gzip.decompress((Path(mnist) / kind).read_bytes()), np.uint8, offset=header)

    images = read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:size]
    return images.astype(np.float32) / 255, read(f"{name}-labels-idx1-ubyte.gz", 8)[:size].astype(np.int64)


def start(rng):
    """Return the weights (fan_in, fan_out) of both layers."""
    shapes = (((784, HIDDEN), np.sqrt(2 / 784)), ((HIDDEN, 10), np.sqrt(2 / (HIDDEN + 10))))
    return [rng.normal(0, deviation, shape).astype(np.float32) for shape, deviation in shapes]


def in_processes(train):
    """Call `train(core, seeds)` in a process for each core, with its share of the seeds.

    The processes are forked, so they share the images and the imported libraries.
    """
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=train, args=(core, SEEDS[number :: len(CORES)]))
        for number, core in enumerate(CORES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        sys.exit("a process failed")
