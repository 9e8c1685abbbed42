"""The configs that come with nnlab, by name. Light, so that a shell can ask for them at every Tab."""

from __future__ import annotations

import re
from pathlib import Path


def configs() -> dict[str, Path]:
    """Return the paths of the shipped configs by name."""
    # Within the package in a wheel, beside it in a checkout.
    package = Path(__file__).parent
    folders = (package / "configs", package.parent / "configs")
    folder = next((folder for folder in folders if folder.is_dir()), package)
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def path_of(config: str) -> Path:
    """Return the path that names a config: of a file, or else of the shipped config of that name."""
    path, by_name = Path(config), configs().get(config)
    return by_name if by_name and (path.is_dir() or not path.exists()) else path


def purpose(config: Path) -> str:
    """Return what a shipped config says of itself: the first sentence of the comment that it begins with."""
    lines = config.read_text(encoding="utf-8").splitlines()
    header = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    _language_server, *comment = header
    return re.split(r"(?<=\.)\s", " ".join(comment).strip(), maxsplit=1)[0]
