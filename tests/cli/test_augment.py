"""`nnlab augment`: a sheet as PNG and PGM, two images in the terminal, and its mistakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnlab.config import load_experiment
from nnlab.datasets import Source
from nnlab.shipped import path_of
from nnlab.training import load_splits

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

SHIFT = "augmentation={shift: 3}"


def halves(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels, (100, 28, 28), of the originals and of what became of them, 1 for ink."""
    ink = 1 - picture[::2, ::2] / 255
    both = ink[4:-4, 4:284], ink[4:-4, 320:-4]
    left, right = (half.reshape(10, 28, 10, 28).swapaxes(1, 2).reshape(100, 28, 28) for half in both)
    return left, right


@pytest.mark.parametrize("form", ["png", "pgm"])
def test_the_sheet_has_the_first_hundred_images_and_what_becomes_of_them(lab: Laboratory, form: str) -> None:
    done = lab.call("augment", "mnist_softmax", SHIFT, "-o", f"sheet.{form}")
    assert done == (0, f"sheet.{form}\n", "")
    with Image.open(lab.folder / f"sheet.{form}") as picture:
        assert picture.mode == "L"
        before, after = halves(np.asarray(picture))
    training, _ = load_splits(load_experiment(path_of("mnist_softmax")), Source(offline=True))
    np.testing.assert_allclose(before.reshape(100, -1), training.inputs[:100], atol=0.003)
    moved = 0
    for old, new in zip(before, after, strict=True):
        padded = np.pad(old, 3)
        found = [
            (down, right)
            for down in range(7)
            for right in range(7)
            if np.array_equal(padded[down : down + 28, right : right + 28], new)
        ]
        assert found
        moved += (3, 3) not in found
    assert moved > 80


def test_it_depends_on_the_seed_alone(lab: Laboratory) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        options = ("augmentation={rotate: 10, elastic: 34}", f"seed={seed}", "-o", f"{name}.pgm")
        assert lab.call("augment", "mnist_softmax", *options).code == 0
    a, b, c = ((lab.folder / f"{name}.pgm").read_bytes() for name in "abc")
    assert a == b != c


def test_without_a_file_two_images_are_drawn_with_what_becomes_of_them(lab: Laboratory) -> None:
    code, out, err = lab.call("augment", "mnist_softmax", SHIFT)
    assert (code, err) == (0, "")
    captions = [line.strip() for line in out.splitlines() if any(char.isdigit() for char in line)]
    assert [caption.partition(",")[2] for caption in captions] == ["", " augmented"] * 2
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("mnist_softmax",),
            "mnist_softmax has no augmentation; add some, such as 'augmentation={shift: 2, rotate: 10}'",
        ),
        (("mnist_softmax", SHIFT, "-o", "sheet.jpg"), "sheet.jpg must end in .png or .pgm"),
        (("mnist_softmax", SHIFT, "-o", "sheet"), "sheet must end in .png or .pgm"),
        (
            ("mnist_softmax", SHIFT, "-o", "no/sheet.png"),
            "cannot write no/sheet.png: there is no folder no; make it first",
        ),
        (("mnist_softmax", SHIFT, "-o", "."), "cannot write .: it is not a file; name another"),
        (
            ("xor", SHIFT),
            "command line: augmentation: must be null: xor has no images (given {shift: 3, rotate",
        ),
    ],
)
def test_mistakes(lab: Laboratory, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = lab.call("augment", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert [path.name for path in lab.folder.iterdir()] == ["linear.yaml"]


def test_without_pillow_a_png_needs_the_extra_and_a_pgm_does_not(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnlab.extras.find_spec", lambda _: None)
    done = lab.call("augment", "mnist_softmax", SHIFT, "-o", "sheet.png")
    assert done == (1, "", "nnlab: this needs PIL; install it with: pip install 'nnlab[plot]'\n")
    assert lab.call("augment", "mnist_softmax", SHIFT, "-o", "sheet.pgm").code == 0


def test_what_is_trained_on_is_what_is_shown(lab: Laboratory) -> None:
    """The keys in config.yaml repeat the sheet of a run."""
    assert lab.call("train", "mnist_softmax", SHIFT, "epochs=1", "train_size=200", "-q").code == 0
    config = "runs/mnist_softmax-001/config.yaml"
    assert lab.call("augment", config, "-o", "again.pgm").code == 0
    assert lab.call("augment", "mnist_softmax", SHIFT, "train_size=200", "-o", "first.pgm").code == 0
    assert (lab.folder / "again.pgm").read_bytes() == (lab.folder / "first.pgm").read_bytes()
    summary = json.loads((lab.folder / "runs/mnist_softmax-001/summary.json").read_text())
    assert summary["status"] == "finished"
