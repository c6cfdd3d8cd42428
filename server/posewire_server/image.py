"""Bytes to BGR pixels, with every limit checked before memory is spent.

Planes of decoded video become pictures in ``yuv.yuv_image``.
"""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import SourceError
from posewire_server.image_header import png_pixels, read_header, undecodable

MAX_SIDE = 65535
"""Longest side of an image, in pixels."""

# Bytes of a pixel where they are interleaved; planar 4:2:0 formats are handled apart.
_INTERLEAVED = {"BGR": 3, "RGB": 3, "GRAY": 1}
_YUV420 = {"NV12": cv2.COLOR_YUV2BGR_NV12, "I420": cv2.COLOR_YUV2BGR_I420}


def decode_image(encoded: bytes, *, max_pixels: int) -> npt.NDArray[np.uint8]:
    """Decodes a JPEG, PNG or WebP file.

    An EXIF orientation is applied, so the result is the upright image that viewers show. Grey and
    CMYK become BGR, 16 bits a channel become 8, transparency is dropped (the colour beneath stays),
    an animation gives its first picture.

    Args:
        encoded: The file.
        max_pixels: Limit of width * height, checked from the header before decoding.

    Returns:
        (H, W, 3) uint8, BGR, C-contiguous.

    Raises:
        SourceError: IMAGE_EMPTY, IMAGE_FORMAT_UNSUPPORTED, IMAGE_TOO_LARGE or IMAGE_UNDECODABLE.
    """
    header = read_header(encoded)
    _check_size(header.width, header.height, max_pixels)
    if header.format == "PNG":
        encoded = png_pixels(encoded)
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise undecodable(f"the {header.format} decoder refused it") from error
    if image is None:
        raise undecodable(f"the {header.format} file is damaged or cut short")
    if image.shape[0] * image.shape[1] != header.width * header.height:
        raise undecodable("its header contradicts its pixels")
    return cast("npt.NDArray[np.uint8]", image)


def raw_image(
    pixel_format: str,
    width: int,
    height: int,
    stride: int,
    pixels: bytes | memoryview,
    *,
    max_pixels: int,
) -> npt.NDArray[np.uint8]:
    """Views or converts pixels as they lie in memory.

    Args:
        pixel_format: BGR, RGB, GRAY, NV12 or I420. The last two are BT.601 limited range, with the
            chroma planes after the luma plane, at its stride (NV12) or half of it (I420).
        width: Pixels across; even for NV12 and I420.
        height: Pixels down; even for NV12 and I420.
        stride: Bytes from row to row, of the luma plane where there is one; 0 for no padding.
        pixels: The rows; the last may lack its padding.
        max_pixels: Limit of width * height.

    Returns:
        (H, W, 3) uint8, BGR. For BGR and RGB a read-only strided view of ``pixels``, not a copy.

    Raises:
        SourceError: RAW_IMAGE_MALFORMED, or IMAGE_TOO_LARGE.
    """
    if width < 1 or height < 1:
        raise _malformed(f"its size is {width}x{height}, expected at least 1x1")
    _check_size(width, height, max_pixels)
    if pixel_format in _INTERLEAVED:
        return _interleaved(pixel_format, width, height, stride, pixels)
    if pixel_format in _YUV420:
        return _yuv420(pixel_format, width, height, stride, pixels)
    known = ", ".join([*_INTERLEAVED, *_YUV420])
    raise _malformed(f"its format is {pixel_format}, expected one of {known}")


def _interleaved(
    pixel_format: str, width: int, height: int, stride: int, pixels: bytes | memoryview
) -> npt.NDArray[np.uint8]:
    channels = _INTERLEAVED[pixel_format]
    row_bytes = width * channels
    stride = _check_stride(stride, row_bytes)
    _check_bytes(pixels, stride * (height - 1) + row_bytes)
    view: npt.NDArray[np.uint8] = np.ndarray(
        (height, width, channels), np.uint8, pixels, strides=(stride, channels, 1)
    )
    if pixel_format == "RGB":
        return view[:, :, ::-1]
    if channels == 3:
        return view
    return cast("npt.NDArray[np.uint8]", cv2.cvtColor(view, cv2.COLOR_GRAY2BGR))


def _yuv420(
    pixel_format: str, width: int, height: int, stride: int, pixels: bytes | memoryview
) -> npt.NDArray[np.uint8]:
    stride = _check_stride(stride, width)
    if width % 2 or height % 2 or stride % 2:
        raise _malformed(
            f"{pixel_format} needs even sizes, got width {width}, height {height}, stride {stride}"
        )
    rows = height * 3 // 2
    padding = stride - width if pixel_format == "NV12" else (stride - width) // 2
    _check_bytes(pixels, stride * rows - padding)
    planes = np.frombuffer(pixels, np.uint8, min(len(pixels), stride * rows))
    planes = np.pad(planes, (0, stride * rows - len(planes))) if padding else planes
    bgr = cv2.cvtColor(planes.reshape(rows, stride), _YUV420[pixel_format])
    return np.ascontiguousarray(bgr[:, :width])


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise SourceError(
            "IMAGE_TOO_LARGE",
            f"The image has {width}x{height} pixels, at most {max_pixels} in all and {MAX_SIDE} a "
            "side are accepted; send it smaller.",
            width=width,
            height=height,
            max_image_pixels=max_pixels,
        )


def _check_stride(stride: int, row_bytes: int) -> int:
    if stride and stride < row_bytes:
        raise _malformed(f"its stride is {stride} bytes, expected 0 or at least {row_bytes}")
    return stride or row_bytes


def _check_bytes(pixels: bytes | memoryview, expected: int) -> None:
    if len(pixels) < expected:
        raise _malformed(
            f"it has {len(pixels)} bytes, expected at least {expected}",
            expected_bytes=expected,
            got_bytes=len(pixels),
        )


def _malformed(why: str, **metadata: object) -> SourceError:
    return SourceError(
        "RAW_IMAGE_MALFORMED",
        f"The raw image does not fit together: {why}; check format, size, stride and bytes.",
        **metadata,
    )
