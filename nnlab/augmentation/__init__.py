"""Augmentation: images that are moved and deformed a little, anew in every epoch."""

from nnlab.augmentation.augment import augment
from nnlab.augmentation.settings import Augmentation

__all__ = ["Augmentation", "augment"]
