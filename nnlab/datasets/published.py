"""The files of a published dataset: where they come from, where they lie, and the digests of their bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnlab.datasets import idx


@dataclass(frozen=True)
class PublishedFile:
    """A gzipped IDX file: its `size` in bytes, its digests, and the shape of the array within.

    The digest of the content is None where the authors' bytes were never unpacked to take it.
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
        """The size of the content in bytes, header included."""
        return len(self.header) + math.prod(self.shape)


@dataclass(frozen=True)
class PublishedFiles:
    """The four files of a dataset; `folder` is where torchvision keeps them under a root."""

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
