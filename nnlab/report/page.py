"""The page: what it can show, and how that is filled into page.html."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import nnlab
from nnlab.report.charts import Chart

FOLDER = Path(__file__).parent
SECTIONS = {
    "overview": ("compared", "Compared"),
    "results": ("results", "Results"),
    "curves": ("curves", "Curves"),
    "board": ("draw", "Draw a digit"),
    "confusion": ("confusion", "Confusion"),
    "mistakes": ("mistakes", "Mistakes"),
    "weights": ("weights", "Weights"),
    "calibration": ("calibration", "Calibration"),
    "config": ("trained", "Training"),
}


@dataclass(frozen=True)
class Table:
    """A table as text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """An image with its alternative text, and what is written below it."""

    source: str
    alternative: str
    share: str


@dataclass(frozen=True)
class Gallery:
    """Images with what they show."""

    summary: str
    images: Sequence[Picture]


@dataclass(frozen=True)
class MistakeGroup:
    """The mistakes in one cell of the confusion matrix."""

    identifier: str
    label: str
    answer: str
    images: Sequence[Picture]


@dataclass(frozen=True)
class Mistakes:
    """The mistakes of a network, by cell of the confusion matrix."""

    summary: str
    groups: Sequence[MistakeGroup]


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix; `target` is the identifier of its mistakes, if they are shown."""

    count: int
    share: str
    shade: str
    target: str


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix, and the figures of each class."""

    classes: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    per_class: Table


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram, and the errors in words."""

    summary: str
    chart: Chart


@dataclass(frozen=True)
class Board:
    """The drawing board: `data` is the network, as board.js reads it."""

    classes: Sequence[str]
    has_hidden: bool
    data: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """What the page shows; a section without content is left out."""

    title: str
    description: str
    config: Table
    commands: str
    environment: Table
    digests: Table
    results: Sequence[tuple[str, str, str]]
    curves: Sequence[Chart]
    overview: Sequence[Table] = ()
    notes: Sequence[str] = ()
    detail_of: str = ""
    board: Board | None = None
    confusion: Confusion | None = None
    mistakes: Mistakes | None = None
    weights: Gallery | None = None
    calibration: Calibration | None = None

    def sections(self) -> list[tuple[str, str]]:
        """Return the identifiers and the titles of the sections that there are."""
        return [section for name, section in SECTIONS.items() if getattr(self, name)]


def rendered(page: Page) -> str:
    """Return the page as HTML. Text from runs is escaped; a policy forbids every request."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (Markup((FOLDER / name).read_text("utf-8")) for name in ("style.css", "board.js"))  # noqa: S704 (nnlab's own files)
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html").render(
        page=page, style=style, script=script, policy=policy, version=nnlab.__version__
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
