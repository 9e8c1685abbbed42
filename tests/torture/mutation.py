"""Damage to the bytes of a file, such as disks, networks and people cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


def flip_bit(content: bytes, rng: random.Random) -> bytes:
    """Flip one bit."""
    damaged = bytearray(content)
    damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def overwrite(content: bytes, rng: random.Random) -> bytes:
    """Write random bytes, zeros or ones over a stretch."""
    start = rng.randrange(len(content))
    length = rng.choice((1, 2, 4, 8, 64, 4096))
    stretch = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length))
    return content[:start] + stretch + content[start + length :]


def cut(content: bytes, rng: random.Random) -> bytes:
    """Cut off the end."""
    return content[: rng.randrange(len(content))]


def cut_out(content: bytes, rng: random.Random) -> bytes:
    """Remove a stretch in the middle."""
    start, end = sorted(rng.randrange(len(content)) for _ in range(2))
    return content[:start] + content[end:]


def double(content: bytes, rng: random.Random) -> bytes:
    """Repeat a stretch."""
    start, end = sorted(rng.randrange(len(content)) for _ in range(2))
    return content[:end] + content[start:]


def lengthen(content: bytes, rng: random.Random) -> bytes:
    """Append something."""
    return content + rng.choice((rng.randbytes(100), bytes(5000), content))


def replace(_: bytes, rng: random.Random) -> bytes:
    """Replace everything."""
    return rng.choice((b"", b"\n", b"{}", b"PK\x05\x06" + bytes(18), rng.randbytes(1000), b"\x00" * 100_000))


ANY = (flip_bit, flip_bit, flip_bit, overwrite, overwrite, cut, cut_out, double, lengthen, replace)


def damage(content: bytes, rng: random.Random) -> bytes:
    """Damage `content` once, or rarely more often."""
    while True:
        content = rng.choice(ANY)(content, rng)
        if not content or rng.random() < 0.8:
            return content
