"""Raw images to pictures, with every limit checked before a pixel is read."""

from typing import Final, cast

import cv2
import numpy as np

from posewire_server.errors import ErrorReason, SourceError
from posewire_server.frame import ColorMatrix, ColorRange, PixelFormat, RawImage
from posewire_server.inference.sources.image import check_size
from posewire_server.inference.sources.picture import (
    Image,
    Picture,
    Planes,
    Reduce,
    full_size,
    picture_of,
)

# Bytes of a pixel in formats without planes.
_INTERLEAVED: Final = {PixelFormat.BGR: 3, PixelFormat.RGB: 3, PixelFormat.GRAY: 1}


def raw_bytes(raw: RawImage, *, max_pixels: int) -> int:
    """Checks the layout of a raw image; returns the least number of bytes that its pixels take.

    Raises:
        SourceError: RAW_IMAGE_MALFORMED, or IMAGE_TOO_LARGE.
    """
    if raw.width < 1 or raw.height < 1:
        raise malformed(f"its size is {raw.width}x{raw.height}, expected at least 1x1")
    check_size(raw.width, raw.height, max_pixels)
    row_bytes = _row_bytes(raw)
    stride = raw.stride or row_bytes
    if stride < row_bytes:
        raise malformed(f"its stride is {stride} bytes, expected 0 or at least {row_bytes}")
    if raw.format in _INTERLEAVED:
        if raw.color_matrix or raw.color_range:
            raise malformed(
                f"{raw.format.name} has no color_matrix or color_range; leave them unset"
            )
        return stride * (raw.height - 1) + row_bytes
    if raw.width % 2 or raw.height % 2 or stride % 2:
        sizes = f"width {raw.width}, height {raw.height}, stride {stride}"
        raise malformed(f"{raw.format.name} needs even sizes, got {sizes}")
    padding = stride - raw.width
    rows = raw.height * 3 // 2
    return stride * rows - (padding if raw.format is PixelFormat.NV12 else padding // 2)


def raw_picture(raw: RawImage, *, max_pixels: int, reduce: Reduce = full_size) -> Picture:
    """Views or converts a raw image.

    NV12 and I420 have the chroma planes after the luma plane, at its stride (NV12) or half of it
    (I420). Only they can be reduced. The last row may lack its padding. For BGR and RGB the image
    of the picture is a read-only strided view of the pixels, no copy.

    Raises:
        SourceError: RAW_IMAGE_MALFORMED, or IMAGE_TOO_LARGE.
    """
    expected = raw_bytes(raw, max_pixels=max_pixels)
    if len(raw.pixels) < expected:
        text = f"it has {len(raw.pixels)} bytes, expected at least {expected}"
        raise malformed(text, expected_bytes=expected, got_bytes=len(raw.pixels))
    if raw.format in _INTERLEAVED:
        return picture_of(_interleaved(raw))
    size = raw.width, raw.height
    reduction = reduce(size)
    color_matrix = raw.color_matrix or ColorMatrix.BT601
    color_range = raw.color_range or ColorRange.LIMITED
    return Picture(Planes(*_planes(raw), reduction, color_matrix, color_range), size, reduction)


def malformed(why: str, **metadata: object) -> SourceError:
    """Returns the error of a raw image that does not fit together."""
    return SourceError(
        ErrorReason.RAW_IMAGE_MALFORMED,
        f"the raw image does not fit together: {why}; check format, size, stride and bytes",
        **metadata,
    )


def _interleaved(raw: RawImage) -> Image:
    channels = _INTERLEAVED[raw.format]
    shape, stride = (raw.height, raw.width, channels), raw.stride or _row_bytes(raw)
    view: Image = np.ndarray(shape, np.uint8, raw.pixels, strides=(stride, channels, 1))
    if raw.format is PixelFormat.RGB:
        return view[:, :, ::-1]
    if channels == 3:
        return view
    return cast("Image", cv2.cvtColor(view, cv2.COLOR_GRAY2BGR))


def _planes(raw: RawImage) -> tuple[Image, Image, Image]:
    stride, rows, columns = raw.stride or _row_bytes(raw), raw.height // 2, raw.width // 2
    luma: Image = np.ndarray((raw.height, raw.width), np.uint8, raw.pixels, 0, (stride, 1))
    is_nv12 = raw.format is PixelFormat.NV12
    strides = (stride, 2) if is_nv12 else (stride // 2, 1)
    first = stride * raw.height
    second = first + (1 if is_nv12 else stride // 2 * rows)
    u: Image = np.ndarray((rows, columns), np.uint8, raw.pixels, first, strides)
    v: Image = np.ndarray((rows, columns), np.uint8, raw.pixels, second, strides)
    return luma, u, v


def _row_bytes(raw: RawImage) -> int:
    return raw.width * _INTERLEAVED.get(raw.format, 1)
