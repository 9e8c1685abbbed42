"""Finds the digits in a picture: what is ink, and which ink belongs to which digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALL = 64  # pixels: smaller pictures have no uneven light
LEAST_CONTRAST = 0.15  # ink is at least so much darker than paper, as a share of it
DARKEST_PAPER = 0.1  # so that ink is not found in black
WINDOW = 0.25  # of the shorter side: where the brightness of the paper is looked for
UNEVEN = 0.2  # of the range of brightness: so much varies the border in uneven light
HALFWAY = 50
PAPER = 75  # percent of the pixels of a window are darker than its paper
STROKES = (
    90  # percent of the ink are lighter than its typical stroke: it may be mostly pale lines of the paper
)
FAINT = 0.5  # of the depth of a typical stroke: paler ink belongs to the paper
LONG = 0.5  # of the width: a line of ruled paper
THIN = 0.02  # of the shorter side: a line of ruled paper
SPECK = 0.25  # of the height of the highest part: lower parts belong to another, or to none
DUST = 0.01  # of the area of the largest part: smaller ones are dirt
PIECE = 0.6  # of the height of a part: a lower one can be a piece of the same digit
NEAR = 0.35  # of the height of a digit: so far above or below it, a piece belongs to it
TOUCHING = 0.05  # of the size of a digit: so far beside it, a piece belongs to it
HALF = 0.5
STROKE = 0.12  # of the longer side of a digit: thinner strokes are thickened


@dataclass(frozen=True)
class Found:
    """The ink of one digit, (rows, columns), in [0, 1], and where in the picture its top left corner is."""

    ink: NDArray[np.float64]
    top: int
    left: int


@dataclass
class _Part:
    """Connected ink: its box, and the labels that it consists of."""

    top: int
    bottom: int
    left: int
    right: int
    labels: list[int]
    area: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> int:
        return max(self.height, self.right - self.left)


def ink_of(brightness: NDArray[np.float64], *, invert: bool = False) -> NDArray[np.float64]:
    """Return how much ink is where, in [0, 1]: 0 is paper, whether dark on light or light on dark.

    The border is taken for paper, and in uneven light what is around each pixel; ink is what differs most
    from it. `invert` takes the other choice. All is 0 if nothing differs.
    """
    frame = np.concatenate([brightness[0], brightness[-1], brightness[:, 0], brightness[:, -1]])
    paper = float(np.median(frame))
    darkest, lightest = _extremes(brightness - paper)
    if np.ptp(np.percentile(frame, (10, 90))) > UNEVEN * (lightest - darkest):
        darkest, lightest = _extremes(brightness - _around(brightness, paper, HALFWAY))
    is_dark_on_light = (-darkest >= lightest) != invert
    if not is_dark_on_light:
        brightness, paper = 1 - brightness, 1 - paper
    depth = np.maximum(1 - brightness / np.maximum(_around(brightness, paper, PAPER), DARKEST_PAPER), 0)
    is_ink = depth > _threshold(depth)
    if not is_ink.any() or (typical := float(np.percentile(depth[is_ink], STROKES))) < LEAST_CONTRAST:
        return np.zeros_like(depth)
    is_ink = _without_ruling(is_ink) & (depth > FAINT * typical)
    return np.where(_grown(is_ink), np.clip(depth / typical, 0, 1), 0)


def _extremes(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest value, without outliers."""
    low, high = np.percentile(values, (0.5, 99.5))
    return float(low), float(high)


def _around(brightness: NDArray[np.float64], border: float, percent: int) -> NDArray[np.float64] | float:
    """Return a percentile of the brightness around each pixel; in a small picture, that of the border."""
    from scipy import ndimage

    if min(brightness.shape) < SMALL:
        return border
    step = max(1, min(brightness.shape) // SMALL)
    coarse = brightness[::step, ::step]
    window = max(3, round(WINDOW * min(coarse.shape)))
    local = ndimage.percentile_filter(coarse, percent, window, mode="nearest")
    smooth = ndimage.uniform_filter(local, window, mode="nearest")
    rows, columns = (np.arange(size) / step for size in brightness.shape)
    return np.asarray(
        ndimage.map_coordinates(smooth, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")
    )


def _threshold(depth: NDArray[np.float64]) -> float:
    """Return the depth that separates ink from paper best: between-class variance (Otsu 1979)."""
    counts, edges = np.histogram(depth, 256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(centres[int(np.nanargmax(between[:-1]))]) if np.isfinite(between[:-1]).any() else 1.0


def _grown(is_ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `is_ink` and the pixels around it, which hold the soft edges of strokes."""
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(is_ink, np.ones((3, 3))))


def _without_ruling(is_ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `is_ink` without long thin lines, as of ruled paper; what they cross is kept."""
    from scipy import ndimage

    if min(is_ink.shape) < SMALL:
        return is_ink
    thin = max(3, round(THIN * min(is_ink.shape)))
    for turned in (False, True):
        ink = is_ink.T if turned else is_ink
        joined = ndimage.binary_closing(ink, np.ones((1, 2 * thin)))  # a line is broken by noise
        length = max(SMALL // 2, round(LONG * ink.shape[1]))
        lines = ndimage.binary_opening(joined, np.ones((1, length)))
        lines &= ~ndimage.binary_opening(lines, np.ones((thin + 1, 1)))
        if lines.any():
            rest = ink & ~ndimage.binary_dilation(lines, np.ones((3, 1)))
            crossing = ndimage.binary_closing(rest, np.ones((2 * thin + 3, 1)))
            ink = rest | (crossing & ink)
        is_ink = ink.T if turned else ink
    return is_ink


def find_digits(ink: NDArray[np.float64]) -> list[Found]:
    """Return the digits in `ink` in reading order: lines from above, and each from the left."""
    from scipy import ndimage

    is_ink = ink > 0.3  # noqa: PLR2004 (soft edges do not join digits)
    labels, _ = ndimage.label(is_ink, np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    parts = [
        _Part(rows.start, rows.stop, columns.start, columns.stop, [number], int(areas[number]))
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1)
    ]
    digits = _joined(parts)
    return [_cut(ink, labels, part) for part in _in_reading_order(digits)]


def _joined(parts: list[_Part]) -> list[_Part]:
    """Return the parts that are digits; pieces are joined to the one to which they belong."""
    if not parts:
        return []
    highest = max(part.size for part in parts)
    digits = [part for part in parts if part.size >= SPECK * highest]
    largest = max(part.area for part in parts)
    specks = [part for part in parts if part.size < SPECK * highest and part.area > DUST * largest]
    digits.sort(key=lambda part: part.size, reverse=True)
    kept: list[_Part] = []
    for part in [*digits, *specks]:
        near = [other for other in kept if _belongs(part, other)]
        if near:
            _join(max(near, key=lambda other: _overlap(part, other)), part)
        elif part.size >= SPECK * highest:
            kept.append(part)
    return kept


def _belongs(part: _Part, other: _Part) -> bool:
    """Return whether two parts are pieces of one digit, such as a 5 and its bar, or a broken stroke."""
    lower, higher = sorted((part.height, other.height))
    gap_below = max(part.top, other.top) - min(part.bottom, other.bottom)
    gap_beside = -_overlap(part, other)
    narrower = min(part.right - part.left, other.right - other.left)
    is_piece = lower < PIECE * higher
    if _overlap(part, other) > HALF * narrower:
        return gap_below < 0 or (is_piece and gap_below <= NEAR * higher)
    return is_piece and gap_below < 0 and gap_beside <= TOUCHING * max(part.size, other.size)


def _overlap(part: _Part, other: _Part) -> int:
    return min(part.right, other.right) - max(part.left, other.left)


def _join(part: _Part, other: _Part) -> None:
    part.top, part.left = min(part.top, other.top), min(part.left, other.left)
    part.bottom, part.right = max(part.bottom, other.bottom), max(part.right, other.right)
    part.labels += other.labels
    part.area += other.area


def _in_reading_order(parts: list[_Part]) -> list[_Part]:
    """Return the parts line by line. A part belongs to the line whose middle it covers."""
    lines: list[list[_Part]] = []
    for part in sorted(parts, key=lambda part: part.top + part.bottom):
        line = lines[-1] if lines else []
        middle = sum(each.top + each.bottom for each in line) / (2 * len(line)) if line else -1
        if line and part.top <= middle <= part.bottom:
            line.append(part)
        else:
            lines.append([part])
    return [part for line in lines for part in sorted(line, key=lambda part: part.left)]


def _cut(ink: NDArray[np.float64], labels: NDArray[np.int32], part: _Part) -> Found:
    """Return the ink of one digit, without that of others in its box; thin strokes are thickened."""
    from scipy import ndimage

    margin = 1
    top, left = max(part.top - margin, 0), max(part.left - margin, 0)
    box = slice(top, part.bottom + margin), slice(left, part.right + margin)
    is_own = np.isin(labels[box], part.labels)
    near = ndimage.binary_dilation(is_own, np.ones((3, 3))) & (is_own | (labels[box] == 0))
    own = np.where(near, ink[box], 0)
    missing = STROKE * part.size - _stroke_width(is_own)
    if missing >= 1:
        reach = round(missing / 2)
        own = ndimage.grey_dilation(np.pad(own, reach), footprint=_disc(reach))
        top, left = top - reach, left - reach
    return Found(own, top, left)


def _stroke_width(is_ink: NDArray[np.bool_]) -> float:
    """Return the typical width of strokes in pixels: four times the mean distance of ink from its edge."""
    from scipy import ndimage

    distances = ndimage.distance_transform_edt(np.pad(is_ink, 1))
    return float(4 * (distances[distances > 0].mean() - 0.5)) if is_ink.any() else 0.0


def _disc(radius: int) -> NDArray[np.bool_]:
    grid = np.arange(-radius, radius + 1)
    return np.asarray(grid[:, np.newaxis] ** 2 + grid**2 <= (radius + 0.3) ** 2)
