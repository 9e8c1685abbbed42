"""The files of a published dataset: their mirrors, their folder, their sizes and their digests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnlab.datasets import idx


@dataclass(frozen=True)
class PublishedFile:
    """A gzipped IDX file: its `size` in bytes, its digests, and the shape of its array.

    The digest of the unpacked content is None if it is not known.
    """

    name: str
    size: int
    sha256: str
    shape: tuple[int, ...]
    content_sha256: str | None = None

    @property
    def header(self) -> bytes:
        """The IDX header that the content begins with."""
        return idx.header(self.shape)

    @property
    def content_size(self) -> int:
        """The size of the unpacked content in bytes, including the header."""
        return len(self.header) + math.prod(self.shape)


@dataclass(frozen=True)
class PublishedFiles:
    """The four files of a dataset; torchvision keeps them in `folder` under a root."""

    name: str
    title: str
    folder: str
    mirrors: tuple[str, ...]
    train_images: PublishedFile
    train_labels: PublishedFile
    test_images: PublishedFile
    test_labels: PublishedFile
    licence: str

    @property
    def files(self) -> tuple[PublishedFile, ...]:
        """All four files."""
        return self.train_images, self.train_labels, self.test_images, self.test_labels

    @property
    def digests(self) -> dict[str, str]:
        """The published SHA-256 of each .gz, by file name."""
        return {file.name: file.sha256 for file in self.files}
