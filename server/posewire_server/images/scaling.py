"""How pixels become the values of a network's input."""

from typing import TypedDict


class Scaling(TypedDict):
    """What ``_native.preprocess`` and ``_native.preprocess_yuv`` do to the pixels they take.

    Attributes:
        size_valid: (w, h) that they are scaled to.
        mean: Subtracted from each channel of pixels.
        scale: Multiplied after that.
        pad: Value outside ``size_valid``.
        swap_red_blue: Whether the planes of the output are red, green, blue.
    """

    size_valid: tuple[int, int]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    pad: float
    swap_red_blue: bool
