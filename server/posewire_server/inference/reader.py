"""Reader of all kinds of sources."""

from contextlib import suppress
from dataclasses import replace

from posewire_server.errors import SourceError
from posewire_server.frame import EncodedImage, RawImage, SharedMemoryImage, Source, VideoPacket
from posewire_server.inference.sources.image import read_image
from posewire_server.inference.sources.picture import Image, Picture, Reduce, full_size, picture_of
from posewire_server.inference.sources.raw_image import malformed, raw_bytes, raw_picture
from posewire_server.inference.sources.shared_memory import SharedMemory
from posewire_server.inference.sources.video.packet_reader import PacketReader

_MOST_BYTES_A_PIXEL = 4  # of a client's memory, with the padding of rows


class SourceReader:
    """Reader of the sources of one stream, or of single calls; close it when the stream ends.

    Args:
        is_local: Whether the sender is on this machine, so that it may share memory.
    """

    def __init__(self, max_pixels: int, *, is_local: bool = False) -> None:
        self._max_pixels = max_pixels
        self._shared_memory = SharedMemory(is_allowed=is_local)
        self._packets = PacketReader(max_pixels)

    def read(self, source: Source | Image, reduce: Reduce = full_size) -> Picture:
        """Returns the picture of a source, or of a (H, W, 3) uint8 BGR array.

        Raises:
            SourceError: It cannot be read; the reason says why.
        """
        match source:
            case EncodedImage():
                return read_image(source.data, max_pixels=self._max_pixels, reduce=reduce)
            case RawImage():
                return raw_picture(source, max_pixels=self._max_pixels, reduce=reduce)
            case SharedMemoryImage():
                return self._read_shared(source, reduce)
            case VideoPacket():
                return self._packets.read(source, reduce)
            case _:
                return picture_of(source)

    def leave_out(self, source: Source | Image) -> None:
        """Notes that the frame of a source is not worked on; does nothing if it was read."""
        if isinstance(source, VideoPacket):
            self._packets.leave_out(source)
        if isinstance(source, SharedMemoryImage):
            with suppress(SourceError):  # The next frame that names it is told.
                self._shared_memory.register(source.name)

    def close(self) -> None:
        """Closes the decoder and the shared memory objects."""
        self._packets.close()
        self._shared_memory.close()

    def _read_shared(self, source: SharedMemoryImage, reduce: Reduce) -> Picture:
        needed = raw_bytes(source.layout, max_pixels=self._max_pixels)
        if source.length < needed:
            text = f"its length is {source.length}, expected at least {needed}"
            raise malformed(text, expected_bytes=needed, got_bytes=source.length)
        if needed > _MOST_BYTES_A_PIXEL * self._max_pixels:
            raise malformed(f"its rows are spread over {needed} bytes")
        pixels = self._shared_memory.read(source.name, source.offset, needed)
        raw = replace(source.layout, pixels=pixels)
        return raw_picture(raw, max_pixels=self._max_pixels, reduce=reduce)
