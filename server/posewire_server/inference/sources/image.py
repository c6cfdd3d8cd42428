"""Decoder of image files, with every limit checked before memory is spent."""

from typing import Final, cast

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import ErrorReason, SourceError
from posewire_server.inference.sources.image_header import (
    ImageHeader,
    png_pixels,
    read_header,
    undecodable,
)
from posewire_server.inference.sources.picture import Picture, Reduce, full_size

MAX_SIDE = 65535  # pixels

_FLAGS: Final = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(encoded: bytes, *, max_pixels: int) -> npt.NDArray[np.uint8]:
    """Decodes an image file as :func:`read_image`, to (H, W, 3) uint8 BGR, C-contiguous."""
    return read_image(encoded, max_pixels=max_pixels).image


def read_image(encoded: bytes, *, max_pixels: int, reduce: Reduce = full_size) -> Picture:
    """Decodes a JPEG, PNG or WebP file; only JPEG at reduced size.

    An EXIF orientation is applied, so the result is the upright image that viewers show. Grey and
    CMYK become BGR, 16 bits a channel become 8, transparency is dropped (the colour beneath stays),
    an animation gives its first picture. ``max_pixels`` limits width * height, which the header
    says before anything is decoded.

    Raises:
        SourceError: IMAGE_EMPTY, IMAGE_FORMAT_UNSUPPORTED, IMAGE_TOO_LARGE or IMAGE_UNDECODABLE.
    """
    header = read_header(encoded)
    check_size(header.width, header.height, max_pixels)
    reduction = _reduction(header, reduce)
    image = _decode(encoded, header, reduction)
    height, width = image.shape[:2]
    if height * width != -(-header.height // reduction) * -(-header.width // reduction):
        raise undecodable("its header contradicts its pixels")
    if reduction == 1 or header.may_turn:
        return Picture(image, (width * reduction, height * reduction), reduction)
    return Picture(image, (header.width, header.height), reduction)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises SourceError, IMAGE_TOO_LARGE, for an image with too many pixels."""
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise SourceError(
            ErrorReason.IMAGE_TOO_LARGE,
            f"the image has {width}x{height} pixels, at most {max_pixels} in all and {MAX_SIDE} a "
            "side are accepted; send it smaller",
            width=width,
            height=height,
            max_image_pixels=max_pixels,
        )


def _reduction(header: ImageHeader, reduce: Reduce) -> int:
    # Pixels that cover the frame in part must be in the last row and column of the upright picture.
    # A picture that may be turned is therefore reduced only to a divisor of both its sides.
    width, height = header.width, header.height
    if header.format != "JPEG":
        return 1
    if not header.may_turn:
        return reduce((width, height))
    reduction = min(reduce((width, height)), reduce((height, width)))
    return reduction if width % reduction == 0 == height % reduction else 1


def _decode(encoded: bytes, header: ImageHeader, reduction: int) -> npt.NDArray[np.uint8]:
    if header.format == "PNG":
        encoded = png_pixels(encoded)
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), _FLAGS[reduction])
    except cv2.error as error:
        raise undecodable(f"the {header.format} decoder refused it") from error
    if image is None:
        raise undecodable(f"the {header.format} file is damaged or cut short")
    return cast("npt.NDArray[np.uint8]", image)
