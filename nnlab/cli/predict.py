"""`nnlab predict`: let a network read the digits in pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import Json, Runs
from nnlab.cli.output import write_result, write_stderr, write_stdout
from nnlab.errors import NnlabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    from nnlab.analysis.answers import are_probabilities, image_shape
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
    is_probability = are_probabilities(experiment.output)
    classes = DATASETS[experiment.dataset].classes
    answers, errors = _answers(network, classes, pictures, invert=invert, as_is=as_is)
    if save_input is not None:
        _save(answers, save_input)
    if json:
        from json import dumps

        write_stdout(dumps([answer.as_json() for answer in answers], indent=2, ensure_ascii=False) + "\n")
    elif answers:
        write_result(*pieces_of(answers, top, "probability" if is_probability else "output"))
    for each in errors[:-1]:
        write_stderr((f"nnlab: {each}", "red"))
    if errors:
        raise errors[-1]


def _answers(
    network: Network, classes: Sequence[str], pictures: Sequence[str], *, invert: bool, as_is: bool
) -> tuple[list[Answer], list[NnlabError]]:
    """Return the answers to all digits in `pictures`, and why others could not be read."""
    from nnlab.digits.pictures import brightness_of
    from nnlab.digits.predict import Answer, digits_in, outputs_for

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
            outputs = map(float, outputs_for(network, digit))
            answers.append(Answer(name, number, digit, dict(zip(classes, outputs, strict=True))))
    return answers, errors


def pieces_of(answers: Sequence[Answer], top: int, output: str) -> list[Piece]:
    """Return one row per digit, with its likeliest answers; `output` is what the figures are called."""
    from nnlab.rendering.pieces import Column, Table

    ranked = [answer.ranked()[:top] for answer in answers]
    shown = "{:.2%}".format if output == "probability" else "{:.4f}".format
    columns = {
        "picture": Column([answer.picture for answer in answers]),
        "digit": Column([answer.number for answer in answers]),
        "answer": Column([each[0][0] for each in ranked], align="right"),
        output: Column([each[0][1] for each in ranked], shown),
    }
    if len(ranked[0]) > 1:
        others = [", ".join(f"{name} {shown(share)}" for name, share in each[1:]) for each in ranked]
        columns["or"] = Column(others)
    return [Table(columns)]


def _contents(pictures: Sequence[str]) -> Iterator[tuple[str, bytes | NnlabError]]:
    """Yield the name and the content of each picture, or why it cannot be read."""
    from nnlab.digits.pictures import MOST_BYTES, read_content

    for picture in pictures:
        if picture == "-":
            stdin = b"" if sys.stdin is None else sys.stdin.buffer.read(MOST_BYTES + 1)
            yield "standard input", stdin
            continue
        try:
            paths = _paths(Path(picture))
        except NnlabError as error:
            yield picture, error
            continue
        for path in paths:
            try:
                yield str(path), read_content(path)
            except NnlabError as error:
                yield str(path), error


def _paths(path: Path) -> list[Path]:
    """Return the pictures in a folder, or the path of anything else. Raises `NnlabError`."""
    from nnlab.digits.pictures import SUFFIXES

    try:
        if not path.is_dir():
            return [path]
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NnlabError(f"{path}: {reason}") from error
    if not found:
        raise NnlabError(f"{path}: the folder has no .png or .jpg")
    return found


def _save(answers: Sequence[Answer], folder: Path) -> None:
    """Write the image of each digit as a PNG, white on black. Raises `UsageError` if a file exists."""
    import io

    from PIL import Image

    from nnlab.files import atomic_write

    paths: dict[Path, Answer] = {}
    for answer in answers:
        stem = "stdin" if answer.picture == "standard input" else Path(answer.picture).stem
        path = folder / f"{stem}-{answer.number}.png"
        if path in paths:  # of a picture with the same name in another folder
            path = folder / f"{stem}-{answer.number}-{len(paths)}.png"
        paths[path] = answer
    if existing := next((path for path in paths if path.exists()), None):
        raise UsageError(f"{existing} exists; name an empty folder with --save-input")
    for path, answer in paths.items():
        buffer = io.BytesIO()
        Image.fromarray((answer.digit.image * 255 + 0.5).astype("uint8")).save(buffer, "png")
        with atomic_write(path) as file:
            file.write(buffer.getvalue())
