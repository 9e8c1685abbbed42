"""How well a run reads digits in pictures of each kind: `python -m tests.digits.accuracy RUN`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from nnlab.analysis.evaluation import best_network
from nnlab.datasets import load
from nnlab.digits.pictures import PictureError
from nnlab.digits.predict import digits_in, outputs_for
from nnlab.runs.run import Run, experiment_of
from tests.digits.pictures import KINDS, typeset

EACH = 500


def main(folder: str) -> None:
    """Print, for each kind, how many pictures are read right, and how many digits are not found as one."""
    run = Run(Path(folder))
    network = best_network(run, experiment_of(run))
    test = load("mnist").test
    images = test.inputs[:EACH].reshape(-1, 28, 28).astype(np.float64)
    sets = {"MNIST itself": [(int(label), image) for label, image in zip(test.labels, images, strict=False)]}
    for name, make in KINDS.items():
        rng = np.random.default_rng(0)
        sets[name] = [
            (int(label), make(image, rng)) for label, image in zip(test.labels, images, strict=False)
        ]
    sets["typeset"] = list(typeset())
    write = sys.stdout.write
    write("| pictures | number | right | not found as one digit |\n| --- | --- | --- | --- |\n")
    for name, pictures in sets.items():
        right = lost = 0
        for label, picture in pictures:
            try:
                found = digits_in(picture, name, invert=False, as_is=name == "MNIST itself")
            except PictureError:
                found = []
            lost += len(found) != 1
            right += len(found) == 1 and int(outputs_for(network, found[0]).argmax()) == label
        write(f"| {name} | {len(pictures)} | {right / len(pictures):.1%} | {lost} |\n")


if __name__ == "__main__":
    main(sys.argv[1])
