"""Reader of one stream's packets, including those that only later packets need."""

import threading
from bisect import insort
from dataclasses import replace

from posewire_server.errors import SourceError
from posewire_server.frame import VideoCodec, VideoPacket
from posewire_server.inference.sources.picture import Picture, Reduce, full_size
from posewire_server.inference.sources.video.video_decoder import VideoDecoder, to_picture

MOST_LEFT_OUT = 256
MOST_BYTES_LEFT_OUT = 16_000_000


class PacketReader:
    """Reads packets in their order. One thread at a time may read; others may leave packets out.

    A packet that is left out is decoded with the next one that is read, unless a key frame comes
    between. If more are left out than can be kept, the reader waits for the next key frame.

    The decoder itself detects key frames. If a sender marks a wrong packet as one, the packets
    before it are not decoded, and the decoder reports them as missing.
    """

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._decoder: VideoDecoder | None = None
        self._lock = threading.Lock()
        self._left_out: list[VideoPacket] = []
        self._last_number = -1

    def read(self, packet: VideoPacket, reduce: Reduce = full_size) -> Picture:
        """Returns the picture of a packet.

        Raises:
            SourceError: See ``VideoDecoder.decode``.
        """
        for earlier in self._take_left_out(packet):
            try:
                self._decoder_of(earlier.codec).pass_over(earlier.data)
            except SourceError:
                continue  # Packets that need it get an error of their own.
        frame = self._decoder_of(packet.codec).decode(packet.data)
        return to_picture(
            frame, reduce, color_matrix=packet.color_matrix, color_range=packet.color_range
        )

    def leave_out(self, packet: VideoPacket) -> None:
        """Keeps a packet that is not read; does nothing if it was."""
        with self._lock:
            if packet.number <= self._last_number:
                return
            if packet.key_frame:
                self._left_out = [each for each in self._left_out if each.number > packet.number]
            insort(self._left_out, packet, key=lambda it: it.number)
            size = sum(len(each.data) for each in self._left_out)
            if len(self._left_out) > MOST_LEFT_OUT or size > MOST_BYTES_LEFT_OUT:
                self._left_out = [replace(packet, key_frame=False, data=b"")]

    def close(self) -> None:
        """Drops the decoder and all packets."""
        with self._lock:
            self._left_out.clear()
        self._decoder = None

    def _take_left_out(self, packet: VideoPacket) -> list[VideoPacket]:
        with self._lock:
            taken = [each for each in self._left_out if each.number < packet.number]
            self._left_out = [each for each in self._left_out if each.number > packet.number]
            self._last_number = packet.number
        return [] if packet.key_frame else taken

    def _decoder_of(self, codec: VideoCodec) -> VideoDecoder:
        if self._decoder is None or self._decoder.codec is not codec:
            self._decoder = VideoDecoder(codec, self._max_pixels)
        return self._decoder
