"""Pictures made by the tests, as arrays and as files' bytes."""

import io
import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

Image = npt.NDArray[np.uint8]


def noise(width: int = 96, height: int = 64, *, seed: int = 0) -> Image:
    """Returns (height, width, 3) uint8 smooth noise, kind to chroma subsampling."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def encode(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], suffix: str = ".jpg") -> bytes:
    """Returns the bytes of an image file."""
    done, encoded = cv2.imencode(suffix, image)
    assert done
    return encoded.tobytes()


def png_header_only(width: int, height: int) -> bytes:
    """Returns a PNG that claims a size and has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Returns a JPEG with an EXIF segment that holds nothing but the orientation."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def cmyk_jpeg(image: Image) -> bytes:
    """Returns a four-channel JPEG (Adobe, inverted CMYK) of an image."""
    rgb = PIL.Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    stream = io.BytesIO()
    rgb.convert("CMYK").save(stream, "JPEG", quality=95)
    return stream.getvalue()
