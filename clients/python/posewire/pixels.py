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


class ColorMatrix(IntEnum):
    """Matrix between RGB and luma, chroma; see ``posewire.v1.ColorMatrix``."""

    BT601 = frame_pb2.COLOR_MATRIX_BT601
    BT709 = frame_pb2.COLOR_MATRIX_BT709


class ColorRange(IntEnum):
    """Values that luma and chroma have; see ``posewire.v1.ColorRange``."""

    LIMITED = frame_pb2.COLOR_RANGE_LIMITED
    FULL = frame_pb2.COLOR_RANGE_FULL


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
        color_matrix: Matrix of NV12 and I420; None: BT.601.
        color_range: Range of NV12 and I420; None: limited.
    """

    data: bytes | bytearray | memoryview
    format: PixelFormat
    width: int
    height: int
    stride: int = 0
    color_matrix: ColorMatrix | None = None
    color_range: ColorRange | None = None

    @classmethod
    def from_array(
        cls,
        array: npt.NDArray[np.uint8],
        format: PixelFormat,  # noqa: A002
        *,
        color_matrix: ColorMatrix | None = None,
        color_range: ColorRange | None = None,
    ) -> "RawPixels":
        """Takes the pixels of an array, without a copy where its rows have no gaps.

        Args:
            array: (H, W, 3) for BGR and RGB, (H, W) for GRAY; (H * 3 / 2, W) for NV12 and I420, as
                OpenCV has them.
            format: Its layout.
            color_matrix: Matrix of NV12 and I420; None: BT.601.
            color_range: Range of NV12 and I420; None: limited.

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
        data = np.ascontiguousarray(array).data.cast("B")
        width = array.shape[1]
        return cls(data, format, width, height, color_matrix=color_matrix, color_range=color_range)

    @property
    def layout(self) -> frame_pb2.RawImage:
        """The description of the pixels, without them."""
        return frame_pb2.RawImage(
            format=self.format.value,
            width=self.width,
            height=self.height,
            stride=self.stride,
            color_matrix=self.color_matrix.value if self.color_matrix else None,
            color_range=self.color_range.value if self.color_range else None,
        )
