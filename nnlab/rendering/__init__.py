"""Results: the pieces that they consist of, and the formats in which they are rendered.

Nothing here prints. A format is a function from pieces to text, and an entry in `formats.FORMATS`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Format: TypeAlias = Literal["table", "csv", "json", "markdown"]
