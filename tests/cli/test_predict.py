"""`nnlab predict`: pictures in, answers out, and one line for each that cannot be read."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnlab.datasets import load
from tests.digits.pictures import as_file, enlarged
from tests.laboratory import COMMAND
from tests.trainings import OFFLINE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.laboratory import Laboratory


@pytest.fixture(scope="module")
def digit() -> NDArray[np.float64]:
    """The first test image, a 7."""
    return np.asarray(load("mnist", source=OFFLINE).test.inputs[0].reshape(28, 28), np.float64)


def answers(lab: Laboratory, *arguments: str) -> list[tuple[str, int, str]]:
    outcome = lab.call("predict", "linear-001", *arguments, "--json")
    return [(each["picture"], each["digit"], each["answer"]) for each in json.loads(outcome.out)]


def test_it_prints_the_likeliest_answers(lab: Laboratory, run: Path, digit: NDArray[np.float64]) -> None:
    (lab.folder / "seven.png").write_bytes(as_file(1 - enlarged(digit, 200)))
    outcome = lab.call("predict", "linear-001", "seven.png", "--top", "2")
    assert (outcome.code, outcome.err) == (0, "")
    heading, row = (line.split() for line in outcome.out.splitlines())
    assert heading == ["picture", "digit", "answer", "probability", "or"]
    assert row[:3] == ["seven.png", "1", "7"]
    assert row[3].endswith("%")
    assert run.exists()


@pytest.mark.usefixtures("run")
def test_json_has_all_outputs_and_the_place(lab: Laboratory, digit: NDArray[np.float64]) -> None:
    picture = np.ones((300, 400))
    picture[50:190, 220:360] = 1 - enlarged(digit, 140)
    (lab.folder / "seven.png").write_bytes(as_file(picture))
    (found,) = json.loads(lab.call("predict", "linear-001", "seven.png", "--json").out)
    assert list(found) == ["picture", "digit", "box", "answer", "output", "outputs"]
    assert sum(found["outputs"].values()) == pytest.approx(1)
    assert found["output"] == max(found["outputs"].values())
    box = found["box"]
    assert 220 < box["left"] + box["width"] / 2 < 360
    assert 50 < box["top"] + box["height"] / 2 < 190


@pytest.mark.usefixtures("run")
def test_a_folder_and_standard_input_are_read(lab: Laboratory, digit: NDArray[np.float64]) -> None:
    folder = lab.folder / "scans"
    folder.mkdir()
    for name, form in (("b.png", "png"), ("a.JPG", "jpeg")):
        (folder / name).write_bytes(as_file(1 - enlarged(digit, 150), form))
    (folder / "notes.txt").write_text("not a picture")
    assert answers(lab, "scans") == [("scans/a.JPG", 1, "7"), ("scans/b.png", 1, "7")]
    done = lab.shell("nnlab predict linear-001 - --json < scans/b.png")
    assert json.loads(done.out)[0]["picture"] == "standard input"


@pytest.mark.usefixtures("run")
def test_the_image_that_the_network_sees_is_saved_and_read_as_it_is(
    lab: Laboratory, digit: NDArray[np.float64]
) -> None:
    (lab.folder / "seven.png").write_bytes(as_file(1 - digit))
    (lab.folder / "seen").mkdir()
    first = json.loads(lab.call("predict", "linear-001", "seven.png", "--save-input", "seen", "--json").out)
    seen = np.asarray(Image.open(lab.folder / "seen" / "seven-1.png"), np.float64) / 255
    assert np.abs(seen - digit).max() < 0.02
    again = json.loads(lab.call("predict", "linear-001", "seen/seven-1.png", "--as-is", "--json").out)
    assert again[0]["outputs"] == pytest.approx(first[0]["outputs"], abs=1e-2)


@pytest.mark.usefixtures("run")
def test_a_photo_is_turned_as_its_exif_says(lab: Laboratory, digit: NDArray[np.float64]) -> None:
    turned = np.rot90(1 - enlarged(digit, 200), 1)  # the camera was turned by 90°
    exif = Image.Exif()
    exif[0x0112] = 6
    (lab.folder / "seven.jpg").write_bytes(as_file(turned, "jpeg", exif=exif))
    assert answers(lab, "seven.jpg") == [("seven.jpg", 1, "7")]


@pytest.mark.usefixtures("run")
def test_transparent_pictures_are_read(lab: Laboratory, digit: NDArray[np.float64]) -> None:
    ink = np.rint(enlarged(digit, 200) * 255).astype(np.uint8)
    for name, level in (("black.png", 0), ("white.png", 255)):
        pixels = np.dstack([np.full((*ink.shape, 3), level, np.uint8), ink])
        Image.fromarray(pixels).save(lab.folder / name)
    assert [each[2] for each in answers(lab, "black.png", "white.png")] == ["7", "7"]


@pytest.mark.usefixtures("run")
def test_what_cannot_be_read_gets_its_line_after_the_rest(
    lab: Laboratory, digit: NDArray[np.float64]
) -> None:
    good = as_file(1 - enlarged(digit, 100))
    files = {
        "good.png": good,
        "blank.png": as_file(np.full((50, 50), 0.7)),
        "empty.png": b"",
        "text.png": b"not a picture",
        "cut.png": good[: len(good) // 2],
    }
    for name, content in files.items():
        (lab.folder / name).write_bytes(content)
    (lab.folder / "none").mkdir()
    outcome = lab.call("predict", "linear-001", "missing.png", "none", *files)
    assert outcome.code == 1
    assert [line.split()[0] for line in outcome.out.splitlines()] == ["picture", "good.png"]
    lines = outcome.err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == [
        "missing.png",
        "none",
        "blank.png",
        "empty.png",
        "text.png",
        "cut.png",
    ]
    assert "no digit found" in lines[2]
    assert "not a picture; use PNG or JPEG" in lines[4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seven.png", "--save-input", "nowhere"], "there is no folder nowhere; make it first"),
        (["seven.png", "--top", "0"], "--top takes a whole number of at least 1 (given 0)"),
    ],
)
@pytest.mark.usefixtures("run")
def test_a_mistake_is_one_line(lab: Laboratory, arguments: list[str], message: str) -> None:
    outcome = lab.call("predict", "linear-001", *arguments)
    assert (outcome.code, outcome.err) == (2, f"nnlab: {message}\n")


@pytest.mark.usefixtures("run")
def test_as_is_needs_28_pixels(lab: Laboratory) -> None:
    (lab.folder / "large.png").write_bytes(as_file(np.zeros((30, 28))))
    outcome = lab.call("predict", "linear-001", "large.png", "--as-is")
    assert outcome.err == "nnlab: large.png: --as-is needs 28 × 28 pixels, and this has 28 × 30\n"


def test_a_network_without_images_reads_none(lab: Laboratory) -> None:
    lab.nnlab("train", "xor", "-q")
    outcome = lab.call("predict", "xor-001", "seven.png")
    assert outcome.code == 2
    assert outcome.err == "nnlab: xor has no images; this needs MNIST or one of its relatives\n"


@pytest.mark.usefixtures("run")
def test_no_file_is_replaced_and_pictures_of_one_name_are_kept_apart(
    lab: Laboratory, digit: NDArray[np.float64]
) -> None:
    for folder in ("a", "b", "seen"):
        (lab.folder / folder).mkdir()
    for folder in ("a", "b"):
        (lab.folder / folder / "seven.png").write_bytes(as_file(1 - enlarged(digit, 100)))
    command = ("predict", "linear-001", "a", "b", "--save-input", "seen")
    assert lab.call(*command).code == 0
    assert len(list((lab.folder / "seen").iterdir())) == 2
    again = lab.call(*command)
    assert (again.code, again.out) == (2, "")
    assert again.err == "nnlab: seen/seven-1.png exists; name an empty folder with --save-input\n"


@pytest.mark.usefixtures("run")
def test_only_png_and_jpeg_are_opened(lab: Laboratory, digit: NDArray[np.float64]) -> None:
    """Pillow would run Ghostscript for some of its formats."""
    for form in ("gif", "tiff", "eps"):
        (lab.folder / f"{form}.png").write_bytes(as_file(1 - enlarged(digit, 60), form))
    outcome = lab.call("predict", "linear-001", "gif.png", "tiff.png", "eps.png")
    assert outcome.code == 1
    assert all(line.endswith("not a picture; use PNG or JPEG") for line in outcome.err.splitlines())
    assert outcome.err.count("\n") == 3


@pytest.mark.usefixtures("run")
def test_a_large_picture_takes_little_memory(lab: Laboratory) -> None:
    picture = np.ones((6000, 6000))
    picture[2000:4000, 2900:3100] = 0
    (lab.folder / "large.png").write_bytes(as_file(picture))
    code = (
        "import sys; from nnlab.__main__ import main\n"
        "sys.argv = ['nnlab', 'predict', 'linear-001', 'large.png', '--json']\n"
        "try:\n    main()\nfinally:\n    sys.stderr.write(open('/proc/self/status').read())"
    )
    outcome = lab.run(COMMAND[0], "-c", code)
    assert json.loads(outcome.out)[0]["box"]["height"] < 1200
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", outcome.err)
    assert int(most) < 400_000


@pytest.mark.usefixtures("run")
def test_what_is_no_file_is_one_line_and_the_rest_is_read(
    lab: Laboratory, digit: NDArray[np.float64]
) -> None:
    (lab.folder / "seven.png").write_bytes(as_file(1 - enlarged(digit, 100)))
    os.mkfifo(lab.folder / "pipe.png")
    outcome = lab.call("predict", "linear-001", "pipe.png", "a" * 300, "seven.png")
    assert outcome.code == 1
    assert outcome.out.splitlines()[1].split()[2] == "7"
    assert "a pipe" in outcome.err.splitlines()[0]
    assert outcome.err.splitlines()[1].endswith("File name too long")


def test_outputs_that_are_no_probabilities_are_not_called_so(
    lab: Laboratory, digit: NDArray[np.float64]
) -> None:
    lab.nnlab("train", "linear.yaml", "output=identity", "loss=quadratic", "eta=0.01", "-q")
    (lab.folder / "seven.png").write_bytes(as_file(1 - enlarged(digit, 100)))
    heading, row = lab.call("predict", "linear-001", "seven.png").out.splitlines()
    assert heading.split() == ["picture", "digit", "answer", "output", "or"]
    assert "%" not in row
    refused = lab.call("plot", "--kind", "calibration")
    assert refused.code == 2
    assert "identity outputs are no probabilities" in refused.err
    assert lab.call("report").code == 0
    assert "Calibration" not in (lab.folder / "report.html").read_text()
