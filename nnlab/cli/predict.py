"""`nnlab predict`: let a network read the digits in pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnlab.cli import completion
from nnlab.cli.options import Json, Runs
from nnlab.cli.output import write_result, write_stderr, write_stdout
from nnlab.errors import NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from nnlab.digits.predict import Answer
    from nnlab.network import Network
    from nnlab.rendering.pieces import Piece


def predict(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run folder, or its name.", autocompletion=completion.runs)
    ],
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE|-", help="PNG or JPEG files, or folders of them; - is standard input."),
    ],
    *,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Print the N likeliest answers.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Take light for ink where dark would be taken, or vice versa.")
    ] = False,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Pictures are 28 × 28, white on black, centred as in MNIST.")
    ] = False,
    save_input: Annotated[
        Path | None,
        typer.Option("--save-input", metavar="FOLDER", help="Write the images that the network sees."),
    ] = None,
    json: Json = False,
    runs: Runs = None,
) -> None:
    """Read the digits in photos, scans or drawings.

    Each digit is found, in reading order, and prepared as MNIST prepared its own: 20 × 20 pixels, centred by
    mass in 28 × 28. Pictures may have any size, and be dark on light or light on dark.

    \b
    Examples:
      nnlab predict mnist_softmax-001 photo.jpg
      nnlab predict mnist_softmax-001 scans/ --top 1
      nnlab predict mnist_softmax-001 - --json < digit.png
    """
    from nnlab.analysis.answers import image_shape
    from nnlab.analysis.evaluation import best_network
    from nnlab.datasets import DATASETS
    from nnlab.extras import need
    from nnlab.runs.find import find, runs_folder
    from nnlab.runs.run import experiment_of

    need("PIL", "scipy")
    found = find(runs_folder(runs), run)
    experiment = experiment_of(found)
    image_shape(experiment)
    if experiment.dataset != "mnist" and not as_is:
        raise UsageError(f"{found} learned {experiment.dataset}, not digits; add --as-is for its images")
    if save_input is not None and not save_input.is_dir():
        raise UsageError(f"there is no folder {save_input}; make it first")
    network = best_network(found, experiment)
    classes = DATASETS[experiment.dataset].classes
    answers, errors = _answers(network, classes, pictures, invert=invert, as_is=as_is)
    if save_input is not None:
        for answer in answers:
            _save(answer.digit.image, save_input / f"{_stem(answer.picture)}-{answer.number}.png")
    if json:
        from json import dumps

        write_stdout(dumps([answer.as_json() for answer in answers], indent=2, ensure_ascii=False) + "\n")
    elif answers:
        write_result(*pieces_of(answers, top))
    for each in errors[:-1]:
        write_stderr((f"nnlab: {each}", "red"))
    if errors:
        raise errors[-1]


def _answers(
    network: Network, classes: Sequence[str], pictures: Sequence[str], *, invert: bool, as_is: bool
) -> tuple[list[Answer], list[NnlabError]]:
    """Return the answers to all digits in `pictures`, and why others could not be read."""
    from nnlab.digits.pictures import brightness_of
    from nnlab.digits.predict import Answer, digits_in, probabilities

    answers: list[Answer] = []
    errors: list[NnlabError] = []
    for name, content in _contents(pictures):
        if isinstance(content, NnlabError):
            errors.append(content)
            continue
        try:
            digits = digits_in(brightness_of(content, name), name, invert=invert, as_is=as_is)
        except NnlabError as error:
            errors.append(error)
            continue
        for number, digit in enumerate(digits, 1):
            outputs = map(float, probabilities(network, digit))
            answers.append(Answer(name, number, digit, dict(zip(classes, outputs, strict=True))))
    return answers, errors


def pieces_of(answers: Sequence[Answer], top: int) -> list[Piece]:
    """Return one row per digit, with its likeliest answers."""
    from nnlab.rendering.formatters import percent
    from nnlab.rendering.pieces import Column, Table

    ranked = [answer.ranked()[:top] for answer in answers]
    columns = {
        "picture": Column([answer.picture for answer in answers]),
        "digit": Column([answer.number for answer in answers]),
        "answer": Column([each[0][0] for each in ranked], align="right"),
        "probability": Column([each[0][1] for each in ranked], percent),
    }
    if len(ranked[0]) > 1:
        others = [", ".join(f"{name} {percent(share)}" for name, share in each[1:]) for each in ranked]
        columns["or"] = Column(others)
    return [Table(columns)]


def _contents(pictures: Sequence[str]) -> Iterator[tuple[str, bytes | NnlabError]]:
    """Yield the name and the content of each picture, or why it cannot be read."""
    from nnlab.digits.pictures import SUFFIXES, read_content

    for picture in pictures:
        if picture == "-":
            yield "standard input", sys.stdin.buffer.read()
            continue
        path = Path(picture)
        paths = [path]
        if path.is_dir():
            paths = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
            if not paths:
                yield picture, NnlabError(f"{picture}: the folder has no .png or .jpg")
        for each in paths:
            try:
                yield str(each), read_content(each)
            except NnlabError as error:
                yield str(each), error


def _stem(name: str) -> str:
    return "stdin" if name == "standard input" else Path(name).stem


def _save(image: NDArray[Any], path: Path) -> None:
    """Write an image as a PNG, white on black."""
    import io

    from PIL import Image

    from nnlab.files import atomic_write

    buffer = io.BytesIO()
    Image.fromarray((image * 255 + 0.5).astype("uint8")).save(buffer, "png")
    with atomic_write(path) as file:
        file.write(buffer.getvalue())
