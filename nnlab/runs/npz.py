"""NumPy archives without pickle: written atomically, and checked before they are trusted."""

from __future__ import annotations

import hashlib
import io
import math
import os
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab import files
from nnlab.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LARGEST = 1 << 26  # bytes, for an archive whose size does not follow from a network
TAIL = 4096  # bytes; the directory of an archive with thirty layers fits in

# The header that NumPy writes before an array of numbers or text. NumPy itself reads any Python literal.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|][a-zA-Z]\d{1,9})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n",
    re.DOTALL,
)


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` to `path`, atomically."""
    with files.atomic_write(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path, *, limit: int = LARGEST) -> dict[str, NDArray[Any]]:
    """Return the arrays in `path`, read-only. Raises `RunError`, also for more than `limit` bytes.

    np.load would trust the sizes that an archive claims, and allocate that much memory.
    """
    content = files.read(path, limit=limit)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("it is compressed, which numpy.savez does not do")
            if sum(entry.file_size for entry in entries) > len(content):
                raise ValueError("its arrays are larger than the file")
            return {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in entries}
    except Exception as error:  # NumPy and zipfile raise all kinds of errors over damaged bytes
        raise RunError(f"{path} is not a readable checkpoint: {error}") from error


def arrays_sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of the bytes of `arrays`, in order, little-endian and row by row."""
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def tail_sha256(path: Path) -> str:
    """Return the SHA-256 of the last bytes of `path`, which contain a checksum of each array.

    So it distinguishes archives without reading them in full. Raises `RunError`.
    """
    with files.open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - TAIL))
        return hashlib.sha256(file.read(TAIL)).hexdigest()


def _array(content: bytes) -> NDArray[Any]:
    """Return the array in the .npy file `content`, as a view. Raises `ValueError`."""
    if (header := _HEADER.match(content)) is None:
        raise ValueError("an array does not begin as numpy.savez writes it")
    dtype, by_columns = np.dtype(header[1].decode()), header[2] == b"True"
    shape = tuple(int(length) for length in header[3].split(b",") if length.strip())
    if header.end() + dtype.itemsize * math.prod(shape) != len(content):
        raise ValueError(f"an array of {len(content):,} bytes claims to be {dtype} {shape}")
    array = np.frombuffer(content, dtype, offset=header.end())  # frombuffer refuses objects
    return array.reshape(shape, order="F" if by_columns else "C")
