"""`nnlab augment`: show what a config makes of its training images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnlab.cli.options import Config, DataDir, Offline, Overrides, config_path
from nnlab.cli.output import as_path, file_to_write, is_terminal, write_result, write_stdout
from nnlab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nnlab.rendering.pieces import Piece

SHOWN = 100  # images on the sheet
DRAWN = 2  # images in the terminal


def augment(
    config: Config,
    overrides: Overrides = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write 100 images to this file, .png or .pgm.  [default: draw two in the terminal]",
        ),
    ] = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Show training images of a config, and an example of what its augmentation makes of each.

    The file has the first 100 training images on the left, and at the same places on the right what they
    may become. A PNG needs the extra `plot`, a PGM needs nothing.

    \b
    Examples:
      nnlab augment mnist_best -o sheet.png
      nnlab augment mnist_softmax 'augmentation={rotate: 30}'
    """
    from nnlab.analysis.answers import image_shape
    from nnlab.augmentation import augment as augmented
    from nnlab.augmentation.sheet import as_pgm, as_png, sheet
    from nnlab.config import load_experiment
    from nnlab.datasets import DATASETS, Source
    from nnlab.training import augmentation_stream, load_splits

    experiment = load_experiment(config_path(config), overrides or ())
    shape = image_shape(experiment)
    if experiment.augmentation is None:
        raise UsageError(
            f"{experiment.name} has no augmentation; add some, such as "
            "'augmentation={shift: 2, rotate: 10}'"
        )
    path = None if output is None else file_to_write(output)
    form = "" if output is None else _format_of(output)
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr))
    training, _ = load_splits(experiment, source)
    images = training.take(slice(SHOWN if output else DRAWN))
    rng = augmentation_stream(experiment, epoch=0, chunk=0)
    changed = augmented(images, shape, experiment.augmentation, rng)
    if output is None or path is None:
        classes = DATASETS[experiment.dataset].classes
        write_result(*_pieces(images, changed, shape, [classes[label] for label in training.labels[:DRAWN]]))
        return
    from nnlab.files import atomic_write

    picture = sheet(images, changed, shape)
    with atomic_write(path) as file:
        file.write(as_png(picture) if form == ".png" else as_pgm(picture))
    write_stdout(f"{as_path(output)}\n")


def _format_of(output: Path) -> str:
    """Return the ending of a file's name. Raises `UsageError` unless it is that of a picture."""
    form = output.suffix.lower()
    if form not in (".png", ".pgm"):
        raise UsageError(f"{output} must end in .png or .pgm")
    if form == ".png":
        from nnlab.extras import need

        need("PIL")
    return form


def _pieces(
    images: NDArray[Any], augmented: NDArray[Any], shape: tuple[int, int], labels: Sequence[str]
) -> list[Piece]:
    """Return each image and, below it, what becomes of it."""
    from nnlab.rendering.pieces import Picture

    pieces: list[Piece] = []
    for before, after, label in zip(images, augmented, labels, strict=True):
        pieces += [
            Picture({label: before.reshape(shape)}),
            Picture({f"{label}, augmented": after.reshape(shape)}),
        ]
    return pieces
