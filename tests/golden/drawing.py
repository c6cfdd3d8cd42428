"""Draws a hand and a face of strokes, to which networks of hands and faces answer something."""

import numpy as np
import numpy.typing as npt

SKIN, DARK, LIPS, WHITE = (215, 170, 140), (60, 40, 30), (170, 60, 60), (245, 245, 245)
# Base and tip of each finger, thumb first, and its radius, in units of the picture's side.
FINGERS = (
    (0.36, 0.74, 0.20, 0.52, 0.035),
    (0.41, 0.58, 0.36, 0.26, 0.032),
    (0.49, 0.56, 0.48, 0.20, 0.033),
    (0.56, 0.57, 0.60, 0.24, 0.032),
    (0.63, 0.61, 0.72, 0.36, 0.028),
)

Image = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]


class Drawing:
    """A square picture (H, W, 3) uint8 RGB; places and radii are in units of its side."""

    def __init__(self, side: int, seed: int) -> None:
        rows, self._columns = np.mgrid[0:side, 0:side] + 0.5
        self._rows, self._side = rows, side
        noise = np.random.default_rng(seed).integers(0, 256, (side // 16, side // 16, 3), np.uint8)
        self.image: Image = noise.repeat(16, axis=0).repeat(16, axis=1) // 4 + 90

    def stroke(
        self, x0: float, y0: float, x1: float, y1: float, radius: float, colour: Colour
    ) -> None:
        """Draws a line with round ends."""
        ax, ay, bx, by = (self._side * place for place in (x0, y0, x1, y1))
        length = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
        along = ((self._columns - ax) * (bx - ax) + (self._rows - ay) * (by - ay)) / length
        along = np.clip(along, 0, 1)
        far = np.hypot(self._columns - ax - along * (bx - ax), self._rows - ay - along * (by - ay))
        # Edges are soft, as those of photographs are, and in eighths, which compress well.
        share = np.round(8 * np.clip(radius * self._side - far + 0.5, 0, 1))[..., None] / 8
        self.image[:] = np.round(self.image * (1 - share) + np.array(colour) * share)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draws a disc."""
        self.stroke(x, y, x, y, radius, colour)


def draw_hand(side: int, seed: int) -> Image:
    """Returns (H, W, 3) uint8 RGB: an open hand, the fingers up, before coarse noise."""
    drawing = Drawing(side, seed)
    drawing.stroke(0.50, 0.72, 0.50, 1.0, 0.10, SKIN)
    drawing.stroke(0.46, 0.68, 0.56, 0.68, 0.12, SKIN)
    for x0, y0, x1, y1, radius in FINGERS:
        drawing.stroke(x0, y0, x1, y1, radius + 0.006, DARK)
        drawing.stroke(x0, y0, x1, y1, radius, SKIN)
    return drawing.image


def draw_face(side: int, seed: int) -> Image:
    """Returns (H, W, 3) uint8 RGB: a face from the front before coarse noise."""
    drawing = Drawing(side, seed)
    drawing.stroke(0.50, 0.36, 0.50, 0.44, 0.27, DARK)
    drawing.stroke(0.50, 0.44, 0.50, 0.62, 0.22, SKIN)
    for mirror in (-1, 1):
        x = 0.5 + mirror * 0.09
        drawing.stroke(x - 0.04, 0.40, x + 0.04, 0.40, 0.010, DARK)
        drawing.stroke(x - 0.02, 0.45, x + 0.02, 0.45, 0.018, WHITE)
        drawing.dot(x, 0.45, 0.016, DARK)
    drawing.stroke(0.50, 0.47, 0.50, 0.56, 0.014, (190, 140, 115))
    drawing.stroke(0.48, 0.57, 0.52, 0.57, 0.012, (150, 100, 80))
    drawing.stroke(0.44, 0.66, 0.56, 0.66, 0.014, LIPS)
    return drawing.image
