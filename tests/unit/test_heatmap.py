import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.decode.heatmap import Refinement, decode_heatmaps

WIDTH, HEIGHT = 46, 40


def gaussians(places: npt.NDArray[np.float64], sigma: float = 1.7) -> npt.NDArray[np.float32]:
    """Returns (N, K, HEIGHT, WIDTH) with one bell at each of (N, K, 2) places in cells."""
    x, y = np.arange(WIDTH) + 0.5, np.arange(HEIGHT)[:, None] + 0.5
    far = (x - places[..., 0, None, None]) ** 2 + (y - places[..., 1, None, None]) ** 2
    return np.exp(-far / (2 * sigma**2)).astype(np.float32)


def errors(maps: npt.NDArray[np.float32], places: object, refinement: Refinement) -> object:
    found = decode_heatmaps(maps, refinement)[..., :2] * (WIDTH, HEIGHT)
    return np.hypot(*np.moveaxis(found - places, -1, 0))


@pytest.mark.parametrize(
    ("refinement", "most"), [("dark", 1e-4), ("quarter", 0.36), ("none", 0.71)]
)
def test_decode_heatmaps_finds_gaussians(refinement: Refinement, most: float) -> None:
    places = np.random.default_rng(3).uniform(4, 36, (3, 16, 2))
    assert np.max(errors(gaussians(places), places, refinement)) <= most


def test_decode_heatmaps_has_no_bias() -> None:
    places = np.random.default_rng(4).uniform(10, 30, (50, 16, 2))
    found = decode_heatmaps(gaussians(places), "quarter")[..., :2] * (WIDTH, HEIGHT)
    np.testing.assert_allclose((found - places).mean((0, 1)), 0, atol=0.02)


def test_decode_heatmaps_score_is_the_highest_cell() -> None:
    maps = np.zeros((1, 2, 5, 7), np.float32)
    maps[0, 0, 3, 2] = 0.75
    maps[0, 1] = -1
    maps[0, 1, 0, 6] = -0.5
    found = decode_heatmaps(maps)
    np.testing.assert_allclose(found[0, 0], [2.5 / 7, 3.5 / 5, 0.75], rtol=1e-6)
    np.testing.assert_allclose(found[0, 1], [6.5 / 7, 0.5 / 5, -0.5], rtol=1e-6)


def test_decode_heatmaps_tie_takes_the_first_in_reading_order() -> None:
    maps = np.zeros((1, 1, 9, 9), np.float32)
    maps[0, 0, 4, 6] = maps[0, 0, 6, 2] = 1
    assert decode_heatmaps(maps, "none")[0, 0, 1] == np.float32(4.5 / 9)


@pytest.mark.parametrize("cell", [(0, 0), (1, 1), (HEIGHT - 1, WIDTH - 2), (HEIGHT - 2, 0)])
@pytest.mark.parametrize("refinement", ["dark", "quarter"])
def test_decode_heatmaps_at_the_border_stays_in_the_cell(
    cell: tuple[int, int], refinement: Refinement
) -> None:
    maps = np.random.default_rng(5).random((1, 1, HEIGHT, WIDTH)).astype(np.float32)
    maps[0, 0, cell[0], cell[1]] = 2
    x, y = decode_heatmaps(maps, refinement)[0, 0, :2] * (WIDTH, HEIGHT)
    assert (x, y) == pytest.approx((cell[1] + 0.5, cell[0] + 0.5), abs=1e-4)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_decode_heatmaps_flat_map_takes_no_step(value: float) -> None:
    maps = np.full((1, 1, 9, 9), value, np.float32)
    maps[0, 0, 4, 4] += 1e-12
    x, y, heat = decode_heatmaps(maps)[0, 0] * (9, 9, 1)
    assert (x % 1, y % 1) == pytest.approx((0.5, 0.5), abs=1e-5)
    assert heat == pytest.approx(value)


def test_decode_heatmaps_of_nobody_is_empty() -> None:
    assert decode_heatmaps(np.zeros((0, 16, 9, 9), np.float32)).shape == (0, 16, 3)
