from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlab.datasets import idx
from nnlab.errors import DatasetError

if TYPE_CHECKING:
    import numpy.typing as npt

arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))


def encode(array: npt.NDArray[np.uint8]) -> bytes:
    return idx.header(array.shape) + array.tobytes()


@given(arrays)
def test_decoding_what_was_encoded_gives_the_same_array(array: npt.NDArray[np.uint8]) -> None:
    decoded = idx.decode(encode(array), "x")
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, array, strict=True)


@given(arrays, st.data())
def test_every_truncation_is_refused(array: npt.NDArray[np.uint8], data: st.DataObject) -> None:
    content = encode(array)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DatasetError, match=r"^x: "):
        idx.decode(content[:end], "x")


@given(arrays, st.binary(min_size=1))
def test_every_surplus_is_refused(array: npt.NDArray[np.uint8], surplus: bytes) -> None:
    with pytest.raises(DatasetError, match=r"^x: "):
        idx.decode(encode(array) + surplus, "x")


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    try:
        array = idx.decode(content, "x")
    except DatasetError:
        return
    assert encode(array) == content


def test_an_array_is_laid_out_as_the_format_says() -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(idx.decode(content, "x"), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes are too few"),
        (b"\x1f\x8b\x08\x08", "two zero bytes"),
        (b"\0\0\x0d\1\0\0\0\1\0\0\0\0", "type 0x0d"),
        (b"\0\0\x08\0", "0 IDX dimensions"),
        (b"\0\0\x08\4" + b"\0\0\0\1" * 4 + b"\0", "4 IDX dimensions"),
        (b"\0\0\x08\2\0\0\0\1", "within the IDX header, after 8 of 12 bytes"),
        (b"\0\0\x08\1\0\0\0\2\0", "9 bytes, but .* require 10"),
        (b"\0\0\x08\3\0\0\0\0" + b"\xff" * 8, "empty"),
        (b"\0\0\x08\3" + b"\xff" * 12, "16 bytes, but"),
    ],
)
def test_the_message_says_what_is_wrong_with_the_file(content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=f"^some-file: .*{message}"):
        idx.decode(content, "some-file")
