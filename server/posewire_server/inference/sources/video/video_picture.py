"""Decoded video to a picture."""

from typing import Final, cast

import av
import numpy as np
import numpy.typing as npt

from posewire_server.frame import ColorMatrix, ColorRange
from posewire_server.inference.sources.picture import Picture, Planes, Reduce, full_size

Plane = npt.NDArray[np.uint8]

_PLANAR_420: Final = {"yuv420p", "yuvj420p"}
# FFmpeg's AVColorSpace and AVColorRange.
_COLORSPACES: Final = {ColorMatrix.BT709: 1, ColorMatrix.BT601: 6}
_RANGES: Final = {ColorRange.LIMITED: 1, ColorRange.FULL: 2}


def to_picture(
    frame: av.VideoFrame,
    reduce: Reduce = full_size,
    *,
    color_matrix: ColorMatrix | None = None,
    color_range: ColorRange | None = None,
) -> Picture:
    """Returns the picture of a decoded frame.

    Frames that are not 8 bits a channel and 4:2:0 are converted by FFmpeg, at full size. A rotation
    is not applied.

    Args:
        frame: The decoded frame.
        reduce: How far it may be reduced.
        color_matrix: Wins over what the video says. None: as the video says, or BT.601.
        color_range: Wins over what the video says. None: as the video says, or limited.
    """
    if color_range is ColorRange.LIMITED and frame.format.name.startswith("yuvj"):
        frame = frame.reformat(format="yuvj420p")  # FFmpeg takes the others as full in any case.
    if color_matrix:
        frame.colorspace = _COLORSPACES[color_matrix]
    if color_range:
        frame.color_range = _RANGES[color_range]
    size = frame.width, frame.height
    if frame.format.name not in _PLANAR_420:
        return Picture(cast("Plane", frame.to_ndarray(format="bgr24")), size)
    y, u, v = map(_view, frame.planes)
    is_bt709 = frame.colorspace == _COLORSPACES[ColorMatrix.BT709]
    is_full = frame.color_range == _RANGES[ColorRange.FULL]
    matrix = ColorMatrix.BT709 if is_bt709 else ColorMatrix.BT601
    values = ColorRange.FULL if is_full else ColorRange.LIMITED
    reduction = reduce(size)
    return Picture(Planes(y, u, v, reduction, matrix, values), size, reduction)


def _view(plane: av.video.plane.VideoPlane) -> Plane:
    samples = np.frombuffer(cast("memoryview", plane), np.uint8)
    rows = samples.reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
