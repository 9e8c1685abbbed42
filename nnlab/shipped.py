"""The configs that come with nnlab, by name. Quick to import, because completion uses it at every Tab."""

from __future__ import annotations

import re
from pathlib import Path


def configs() -> dict[str, Path]:
    """Return the paths of the shipped configs by name."""
    # They are inside the package in a wheel, and next to it in a checkout.
    package = Path(__file__).parent
    folders = (package / "configs", package.parent / "configs")
    folder = next((folder for folder in folders if folder.is_dir()), package)
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def path_of(config: str) -> Path:
    """Return the path that names a config: of a file, or else of the shipped config of that name."""
    path, by_name = Path(config), configs().get(config)
    return by_name if by_name and (path.is_dir() or not path.exists()) else path


def purpose(config: Path) -> str:
    """Return the purpose of a shipped config: the first sentence of the comment at its top."""
    lines = config.read_text(encoding="utf-8").splitlines()
    header = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    _language_server, *comment = header
    return re.split(r"(?<=\.)\s", " ".join(comment).strip(), maxsplit=1)[0]
