"""The key `augmentation`: how far images are moved and deformed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nnlab.options import Options


class Augmentation(Options):
    """How far each image is moved and deformed at most; by default not at all."""

    shift: int = Field(0, ge=0, le=27, description="whole pixels, up to so many in each direction")
    rotate: float = Field(0.0, ge=0, le=180, description="degrees, either way; typically 10 to 15")
    scale: float = Field(
        0.0, ge=0, le=0.9, description="share by which height and width grow or shrink; typically 0.1 to 0.2"
    )
    shear: float = Field(0.0, ge=0, le=60, description="degrees by which upright lines lean; typically 10")
    elastic: float = Field(
        0.0, ge=0, le=1000, description="strength α of the displacement fields; typically 34, with sigma 4"
    )
    sigma: float = Field(
        4.0, ge=0.5, le=20, description="smoothness σ of the displacement fields, in pixels; typically 4 to 8"
    )
    mirror: Literal["none", "horizontal", "vertical", "both"] = Field(
        "none",
        description="mirror half of the images, chosen at random; both: in each direction, independently; "
        "harms digits, which are rarely symmetric",
    )

    @property
    def is_shift(self) -> bool:
        """Whether images are at most moved by whole pixels, which takes little time."""
        return self.model_copy(update={"shift": 0, "sigma": 4.0}) == Augmentation()

    @property
    def does_nothing(self) -> bool:
        """Whether images stay as they are."""
        return self.is_shift and not self.shift
