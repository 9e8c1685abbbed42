"""Augmentation: what each distortion does to an image, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from nnlab.augmentation import Augmentation, augment
from nnlab.augmentation.distortions import affine_maps, windows_of_field

SHAPE = (28, 28)
NOTHING = 5e-324  # degrees, which are no rotation, but let pixels be interpolated


def images(number: int = 250, dtype: str = "float32") -> np.ndarray:
    """Return noise, which changes wherever a pixel moves."""
    return np.random.default_rng(3).random((number, 784)).astype(dtype)


def augmented(inputs: np.ndarray, seed: int = 1, **settings: object) -> np.ndarray:
    return augment(inputs, SHAPE, Augmentation.model_validate(settings), np.random.default_rng(seed))


def spot(row: int, column: int, number: int = 1) -> np.ndarray:
    """Return images with a single bright pixel."""
    found = np.zeros((number, *SHAPE), np.float32)
    found[:, row, column] = 1
    return found.reshape(number, 784)


def centre(image: np.ndarray) -> np.ndarray:
    """Return the centre of brightness of an image relative to its middle, down and right."""
    weights = image.reshape(SHAPE) / image.sum()
    return np.array([(weights * place).sum() for place in np.indices(SHAPE)]) - 13.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rotate", [0.0, NOTHING])
def test_at_strength_zero_images_stay_bit_for_bit(dtype: str, rotate: float) -> None:
    inputs = images(dtype=dtype)
    result = augmented(inputs, rotate=rotate)
    np.testing.assert_array_equal(result, inputs)
    assert result.dtype == dtype
    assert result is not inputs


def test_a_shift_moves_whole_pixels_exactly_and_lets_nothing_in_from_outside() -> None:
    inputs, seen = images(), set()
    for before, after in zip(inputs, augmented(inputs, shift=2), strict=True):
        padded = np.pad(before.reshape(SHAPE), 2)
        found = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(padded[2 - down : 30 - down, 2 - right : 30 - right], after.reshape(SHAPE))
        ]
        assert len(found) == 1
        seen.update(found)
    assert len(seen) == 25


def test_a_shift_is_the_same_with_interpolation() -> None:
    inputs = images()
    np.testing.assert_array_equal(augmented(inputs, shift=3), augmented(inputs, shift=3, rotate=NOTHING))


def test_a_shift_can_move_all_but_a_pixel_out() -> None:
    result = augmented(images(), shift=27)
    assert (result.reshape(-1, *SHAPE) != 0).any(axis=(1, 2)).all()


def test_a_rotation_turns_about_the_centre_by_at_most_so_many_degrees() -> None:
    turned = [centre(image) for image in augmented(spot(13, 22, 250), rotate=30)]
    radii = np.hypot(*np.transpose(turned))
    angles = np.degrees(np.arctan2(*np.transpose(turned)))
    np.testing.assert_allclose(radii, np.hypot(-0.5, 8.5), atol=0.2)
    assert angles.min() > -34 - 2
    assert angles.max() < 30 + 2
    assert angles.max() - angles.min() > 50
    spread = np.histogram(angles, bins=4)[0]
    assert spread.min() > 40  # uniform: about 62 in each quarter


def test_a_scale_stretches_height_and_width_apart() -> None:
    stretched = np.abs([centre(image) for image in augmented(spot(20, 6, 250), scale=0.2)])
    shares = stretched / [6.5, 7.5]
    assert 0.77 < shares.min() < 0.85
    assert 1.15 < shares.max() < 1.23
    assert abs(np.corrcoef(*shares.T).item(1)) < 0.2


def test_a_shear_moves_rows_sideways_in_proportion_to_their_height() -> None:
    top, bottom = (
        np.array([centre(image) for image in augmented(spot(*at, 250), shear=20)])
        for at in ((5, 13), (22, 13))
    )
    np.testing.assert_allclose(top[:, 0], -8.5, atol=0.05)
    np.testing.assert_allclose(top[:, 1] + 0.5, -(bottom[:, 1] + 0.5), atol=0.1)
    assert np.abs(bottom[:, 1] + 0.5).max() == pytest.approx(8.5 * np.tan(np.radians(20)), abs=0.3)


@pytest.mark.parametrize(
    ("mirror", "axes"), [("horizontal", {(1,)}), ("vertical", {(0,)}), ("both", {(0,), (1,), (0, 1)})]
)
def test_a_mirror_turns_half_of_the_images_over_exactly(mirror: str, axes: set[tuple[int, ...]]) -> None:
    inputs = images()
    counts = dict.fromkeys([(), *axes], 0)
    for before, after in zip(inputs, augmented(inputs, mirror=mirror), strict=True):
        (found,) = [
            axis
            for axis in counts
            if np.array_equal(np.flip(before.reshape(SHAPE), axis), after.reshape(SHAPE))
        ]
        counts[found] += 1
    assert min(counts.values()) > 0.7 * len(inputs) / len(counts)


def test_maps_undo_scale_then_shear_then_rotation() -> None:
    settings = Augmentation(rotate=30, scale=0.3, shear=20)
    maps = affine_maps(settings, 100, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    angle = np.radians(30) * rng.uniform(-1, 1, 100)
    height, width = 1 + 0.3 * rng.uniform(-1, 1, (2, 100))
    lean = np.tan(np.radians(20 * rng.uniform(-1, 1, 100)))
    for k in range(100):
        rotation = [[np.cos(angle[k]), np.sin(angle[k])], [-np.sin(angle[k]), np.cos(angle[k])]]
        shear = [[1, 0], [lean[k], 1]]
        forward = np.array(rotation) @ shear @ np.diag([height[k], width[k]])
        np.testing.assert_allclose(maps[k] @ forward, np.eye(2), atol=1e-12)


@pytest.mark.parametrize(("alpha", "sigma"), [(34.0, 4.0), (10.0, 2.0), (100.0, 8.0)])
def test_an_elastic_field_has_the_stated_strength_and_smoothness(alpha: float, sigma: float) -> None:
    settings = Augmentation(elastic=alpha, sigma=sigma)
    fields = np.concatenate(
        [
            windows_of_field(settings, 100, SHAPE, np.random.default_rng(seed)).displacements(slice(None))
            for seed in range(40)
        ],
        axis=1,
    )
    assert fields.shape == (2, 4000, *SHAPE)
    deviation = alpha / (np.sqrt(3) * 2 * np.sqrt(np.pi) * sigma)
    assert fields.std() == pytest.approx(deviation, rel=0.05)
    assert abs(fields.mean()) < 0.05 * deviation
    for distance in (2, 4, 8):
        products = fields[..., :-distance] * fields[..., distance:]
        correlation = products.mean() / fields.var()
        assert correlation == pytest.approx(np.exp(-(distance**2) / (4 * sigma**2)), abs=0.05)
    down, right = fields
    assert abs((down * right).mean()) < 0.1 * deviation**2


def test_an_elastic_field_moves_pixels_as_far_as_it_says() -> None:
    settings = Augmentation(elastic=34.0)
    result = augment(spot(13, 14, 4), SHAPE, settings, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    rng.integers(0, 0, (4, 2), endpoint=True)
    affine_maps(settings, 4, rng)
    fields = windows_of_field(settings, 4, SHAPE, rng).displacements(slice(None))
    for image, (down, right) in zip(result, fields.swapaxes(0, 1), strict=True):
        # Where the bright pixel is seen, its displacement leads back to it.
        rows, columns = np.nonzero(image.reshape(SHAPE) > 0.05)
        assert len(rows)
        assert np.abs(rows + down[rows, columns] - 13).max() < 1
        assert np.abs(columns + right[rows, columns] - 14).max() < 1


def test_all_together_stay_within_the_range_of_pixels() -> None:
    result = augmented(images(), shift=2, rotate=15, scale=0.2, shear=10, elastic=34.0, mirror="both")
    assert result.min() >= 0
    assert result.max() <= 1
    assert len(np.unique(result[:, 400])) == 250


def test_images_depend_on_the_random_numbers_alone() -> None:
    inputs = images()
    first, again, other = (augmented(inputs, seed, rotate=10, elastic=20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=1).all()


def test_images_of_another_shape_are_moved_too() -> None:
    inputs = np.random.default_rng(1).random((5, 12)).astype("float32")
    settings = Augmentation(rotate=10, elastic=5)
    assert augment(inputs, (3, 4), settings, np.random.default_rng(0)).shape == (5, 12)
