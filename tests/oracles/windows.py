"""The windows of TensorFlow's convolutions and poolings, by definition."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def windows(x: Array, size: int, stride: int, fill: float = 0.0, *, same: bool = True) -> Array:
    """Returns (h, w, size, size, C): TensorFlow's windows over (H, W, C), padded as it does."""
    pads = [(0, 0)] * 3
    if same:
        for axis in (0, 1):
            count = -(-x.shape[axis] // stride)
            pad = max((count - 1) * stride + size - x.shape[axis], 0)
            pads[axis] = (pad // 2, pad - pad // 2)
    padded = np.pad(x, pads, constant_values=fill)
    found = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))
    return found[::stride, ::stride].transpose(0, 1, 3, 4, 2)
