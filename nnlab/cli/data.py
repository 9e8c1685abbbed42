"""`nnlab data`: list, download and verify datasets, and print their folders."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, print_help_without_command
from nnlab.cli.output import as_path, is_terminal, write_result, write_stdout
from nnlab.errors import DatasetError, UsageError
from nnlab.files import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    callback=print_help_without_command,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="""List, download and verify datasets.

    \b
    Example:
      nnlab data list
    """,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="mnist, fashion_mnist or kmnist.", autocompletion=completion.datasets
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATASET",
        help="mnist, fashion_mnist, kmnist.",
        show_default=False,
        autocompletion=completion.datasets,
    ),
]


@app.command("list", short_help="List the datasets and their folders.")
def list_datasets(data_dir: DataDir = None) -> None:
    """List the datasets, how many of their files are present, and in which folder.

    \b
    Example:
      nnlab data list
    """
    from nnlab.datasets import MNIST_FAMILY, find_folder, list_files
    from nnlab.rendering.pieces import Column, Table

    present = Counter(file.dataset for file in list_files(data_dir) if file.path)
    write_result(
        Table(
            {
                "dataset": Column(list(MNIST_FAMILY)),
                "licence": Column([info.licence for info in MNIST_FAMILY.values()]),
                "files": Column(
                    [f"{present[name]} of {len(info.files)}" for name, info in MNIST_FAMILY.items()]
                ),
                "folder": Column(
                    [find_folder(name, data_dir) if present[name] else None for name in MNIST_FAMILY]
                ),
            }
        )
    )


@app.command(short_help="Download and verify datasets.")
def download(names: Names = None, data_dir: DataDir = None) -> None:
    """Download datasets, by default all of them; files that are present and correct are kept.

    \b
    Example:
      nnlab data download fashion_mnist --data-dir data
    """
    from nnlab.datasets import download_dataset

    for name in _known(names):
        for file in download_dataset(name, data_dir, progress=is_terminal(sys.stderr)):
            write_stdout(printable(f"{file.action} {file.path}") + "\n")


@app.command(short_help="Check the bytes of datasets.")
def verify(names: Names = None, data_dir: DataDir = None) -> None:
    """Compare the files with the published digests; exit with 4 if one is wrong or missing.

    Without DATASET, check all datasets that have at least one file here.

    \b
    Example:
      nnlab data verify mnist
    """
    from nnlab.datasets import list_files
    from nnlab.datasets import verify as verify_dataset

    if data_dir is not None and not data_dir.is_dir():
        raise DatasetError(f"{data_dir} is not a folder; name the one that holds MNIST/raw with --data-dir")
    present = {listing.dataset for listing in list_files(data_dir) if listing.path}
    failed = 0
    for name in _known(names or list(present)):
        for file in verify_dataset(name, data_dir):
            failed += file.status in ("wrong", "missing")
            reason = f": {file.reason}" if file.reason else ""
            what = file.path or f"{file.dataset} {file.file}"
            write_stdout(printable(f"{file.status:10} {what}{reason}") + "\n")
    if failed:
        raise DatasetError(
            f"{failed} wrong or missing; `nnlab data download --data-dir DIR` repairs those in DIR"
        )


@app.command(short_help="Print the folder of a dataset.")
def path(name: Name, data_dir: DataDir = None) -> None:
    """Print the folder that holds a dataset, or to which it would be downloaded.

    \b
    Example:
      ls "$(nnlab data path mnist)"
    """
    from nnlab.datasets import find_folder

    write_stdout(f"{as_path(find_folder(_known([name])[0], data_dir))}\n")


def _known(names: Sequence[str] | None) -> list[str]:
    """Return the datasets with these names, or all. Raises `UsageError`."""
    from nnlab.datasets import MNIST_FAMILY

    for name in names or ():
        if name not in MNIST_FAMILY:
            from nnlab.config.synonyms import hint_for

            raise UsageError(f"no dataset {name}; {hint_for(name, MNIST_FAMILY)}")
    return [name for name in MNIST_FAMILY if not names or name in names]
