"""Decodes IDX, the format in which the MNIST family is published.

A file holds two zero bytes, a byte for the type of the elements (0x08: unsigned byte), a byte for the number
of dimensions, each dimension as a big-endian 32-bit integer, then the elements in row-major order.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from nnlab.errors import DatasetError

if TYPE_CHECKING:
    import numpy.typing as npt

UNSIGNED_BYTE = 0x08
MAGIC_SIZE = 4
MAX_DIMENSIONS = 3


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an IDX file of unsigned bytes with this shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


def decode(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Return the array in `content`: one to three dimensions of unsigned bytes, read-only, not a copy.

    Raises `DatasetError`, which calls the content `name`, if the header is invalid or the length differs from
    what the header announces.
    """
    if len(content) < MAGIC_SIZE:
        raise DatasetError(f"{name}: not an IDX file: {len(content)} bytes are too few for a header")
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if zeros != 0:
        raise DatasetError(f"{name}: not an IDX file: it does not begin with two zero bytes")
    if kind != UNSIGNED_BYTE:
        raise DatasetError(
            f"{name}: IDX elements of type 0x{kind:02x}; only 0x08, unsigned byte, is supported"
        )
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise DatasetError(f"{name}: {dimensions} IDX dimensions; only 1 to {MAX_DIMENSIONS} are supported")
    start = MAGIC_SIZE + 4 * dimensions
    if len(content) < start:
        raise DatasetError(f"{name}: ends within the IDX header, after {len(content)} of {start} bytes")
    shape = struct.unpack_from(f">{dimensions}I", content, MAGIC_SIZE)
    if 0 in shape:
        raise DatasetError(f"{name}: IDX dimensions {shape}, one of which is empty")
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise DatasetError(
            f"{name}: {len(content):,} bytes, but its IDX dimensions {shape} require {expected:,}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
