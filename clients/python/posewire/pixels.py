"""Pixels as they lie in memory, in any format of the contract."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from posewire.v1 import frame_pb2


class PixelFormat(IntEnum):
    """Layout of pixels, 8 bits a channel; see ``posewire.v1.PixelFormat``."""

    BGR = frame_pb2.PIXEL_FORMAT_BGR
    RGB = frame_pb2.PIXEL_FORMAT_RGB
    GRAY = frame_pb2.PIXEL_FORMAT_GRAY
    NV12 = frame_pb2.PIXEL_FORMAT_NV12
    I420 = frame_pb2.PIXEL_FORMAT_I420


_CHANNELS = {PixelFormat.BGR: 3, PixelFormat.RGB: 3, PixelFormat.GRAY: 1}


@dataclass(frozen=True, slots=True, eq=False)
class RawPixels:
    """A source of a frame, for what is no BGR array: RGB, NV12, I420, rows with padding.

    Attributes:
        data: The pixels; must not change before the next frame is asked for.
        format: Their layout.
        width: Pixels across.
        height: Pixels down.
        stride: Bytes from row to row, of the luma plane where there is one; 0 for no padding.
    """

    data: bytes | bytearray | memoryview
    format: PixelFormat
    width: int
    height: int
    stride: int = 0

    @classmethod
    def from_array(cls, array: npt.NDArray[np.uint8], format: PixelFormat) -> "RawPixels":  # noqa: A002
        """Takes the pixels of an array, without a copy where its rows have no gaps.

        Args:
            array: (H, W, 3) for BGR and RGB, (H, W) for GRAY; (H * 3 / 2, W) for NV12 and I420, as
                OpenCV has them.
            format: Its layout.

        Raises:
            TypeError: The array is not of uint8.
            ValueError: Its shape is not that of the format.
        """
        if array.dtype != np.uint8:
            raise TypeError(f"the pixels of a frame are uint8, not {array.dtype}")
        channels = _CHANNELS.get(format, 1)
        is_planar = format not in _CHANNELS
        fits = array.ndim == 3 and array.shape[2] == channels if channels > 1 else array.ndim == 2
        if not fits or (is_planar and array.shape[0] % 3):
            raise ValueError(f"an array of shape {array.shape} is not {format.name}")
        height = array.shape[0] * 2 // 3 if is_planar else array.shape[0]
        return cls(np.ascontiguousarray(array).data.cast("B"), format, array.shape[1], height)

    @property
    def layout(self) -> frame_pb2.RawImage:
        """What describes the pixels, without them."""
        return frame_pb2.RawImage(
            format=self.format.value, width=self.width, height=self.height, stride=self.stride
        )
