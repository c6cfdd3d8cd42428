"""Decoded video to BGR."""

from typing import Final, cast

import av
import numpy as np
import numpy.typing as npt

from posewire_server.inference.sources.picture import Picture, Reduce, full_size
from posewire_server.inference.sources.planes import Matrix, Planes

Plane = npt.NDArray[np.uint8]

_PLANAR_420: Final = {"yuv420p", "yuvj420p"}
_BT709: Final = 1
_FULL_RANGE: Final = 2


def to_picture(frame: av.VideoFrame, reduce: Reduce = full_size) -> Picture:
    """Returns the picture of a decoded frame.

    Colours are taken as the video says; where it says nothing, as BT.601 limited range. What is not
    8 bits a channel and 4:2:0 takes a longer way, at full size. A rotation is not looked at.

    Args:
        frame: What was decoded.
        reduce: How far it may be reduced.
    """
    size = frame.width, frame.height
    if frame.format.name not in _PLANAR_420:
        return Picture(cast("Plane", frame.to_ndarray(format="bgr24")), size)
    y, u, v = map(_view, frame.planes)
    matrix: Matrix = "bt709" if frame.colorspace == _BT709 else "bt601"
    full_range = frame.format.name == "yuvj420p" or frame.color_range == _FULL_RANGE
    reduction = reduce(size)
    return Picture(Planes(y, u, v, reduction, matrix, full_range), size, reduction)


def _view(plane: av.video.plane.VideoPlane) -> Plane:
    samples = np.frombuffer(cast("memoryview", plane), np.uint8)
    rows = samples.reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
