"""The C++ core. Arrays are never converted: a wrong dtype is a TypeError, a wrong shape a ValueError."""

import numpy as np
import numpy.typing as npt

def core_version() -> int:
    """Returns the version of the native core."""

def preprocess(
    image: npt.NDArray[np.uint8],
    output: npt.NDArray[np.float32],
    *,
    size_valid: tuple[int, int],
    mean: tuple[float, float, float],
    scale: tuple[float, float, float],
    pad: float,
    swap_red_blue: bool,
    simd: str = "auto",
) -> None:
    """Resizes, pads, normalises and splits the channels of an image in one pass, without the GIL.

    Args:
        image: (H, W, 3) uint8, any strides.
        output: (3, h, w) float32, C-contiguous; every value is written.
        size_valid: (w, h) the image is scaled to, at the top left of the output.
        mean: Subtracted from pixels; for each plane of the output.
        scale: Multiplied after that; for each plane of the output.
        pad: Value of the output outside ``size_valid``.
        swap_red_blue: Whether plane 0 shows channel 2 and plane 2 channel 0.
        simd: ``auto``, ``baseline``, ``avx2`` or ``avx512``; all give the same bits.
    """

def predictor_run_available(predictor: object) -> bool:
    """Returns whether ``predictor_run`` can run this object.

    Args:
        predictor: A ``paddle.inference.Predictor``; for anything else the answer is False.
    """

def predictor_run(predictor: object) -> bool:
    """Runs a predictor without the GIL; its tensors are read and written through Paddle.

    Args:
        predictor: A ``paddle.inference.Predictor``, used by no other thread meanwhile.

    Raises:
        ValueError: ``predictor_run_available`` is False for it.
        RuntimeError: Paddle's own message.
    """
