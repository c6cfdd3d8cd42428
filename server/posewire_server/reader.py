"""Any source of a frame to its picture; keeps what a stream's sources share."""

import numpy as np
import numpy.typing as npt

from posewire_server.errors import SourceError
from posewire_server.frame import EncodedImage, RawImage, Source
from posewire_server.image import decode_image, raw_image
from posewire_server.picture import Picture

Image = npt.NDArray[np.uint8]


class SourceReader:
    """Reads the sources of one stream, or of single calls; close it when the stream ends.

    Args:
        max_pixels: Largest picture.
    """

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def read(self, source: Source | Image) -> Picture:
        """Returns the picture of a source; a (H, W, 3) uint8 BGR array is one already.

        Raises:
            SourceError: It can not be read; the reason says why.
        """
        image = self._read_image(source)
        return Picture(image, (image.shape[1], image.shape[0]))

    def leave_out(self, source: Source) -> None:
        """Notes that the frame of a source will not be worked on."""

    def close(self) -> None:
        """Lets go of what the stream's sources shared."""

    def _read_image(self, source: Source | Image) -> Image:
        if isinstance(source, EncodedImage):
            return decode_image(source.data, max_pixels=self._max_pixels)
        if isinstance(source, RawImage):
            return raw_image(
                source.format.name,
                source.width,
                source.height,
                source.stride,
                source.pixels,
                max_pixels=self._max_pixels,
            )
        if isinstance(source, np.ndarray):
            return source
        kind = type(source).__name__
        text = f"this server does not read a {kind}; send encoded_image or raw_image"
        raise SourceError("SOURCE_UNIMPLEMENTED", text, source=kind)
