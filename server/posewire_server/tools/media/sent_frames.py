"""Frames of a source in the form that a client sends."""

import itertools
import threading
from collections.abc import Generator
from typing import Self

import numpy as np
import numpy.typing as npt
import posewire

from posewire_server.frame import VideoPacket
from posewire_server.tools.media.source import Source, SourceFrame

# A camera gives a frame sooner; a network stream that is dead may hold its reader for longer.
_PATIENCE_S = 2.0


class SentFrames:
    """Iterates the frames for a client, and keeps each frame until its outcome takes it."""

    def __init__(self, source: Source) -> None:
        self._frames = iter(source)
        self._sequence_ids = itertools.count()
        self._kept: dict[int, SourceFrame] = {}
        self._reading = threading.Lock()
        self._is_closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> posewire.Frame:
        with self._reading:
            if self._is_closed:
                raise StopIteration
            frame = next(self._frames)
        sequence_id = next(self._sequence_ids)
        self._kept[sequence_id] = frame
        return posewire.Frame(_to_source(frame.image), sequence_id, frame.capture_time)

    def take(self, sequence_id: int) -> SourceFrame:
        """Returns the frame of an outcome, once."""
        return self._kept.pop(sequence_id)

    def close(self) -> None:
        """Ends the frames and closes the source; returns when no thread reads it any more.

        A thread inside OpenCV or FFmpeg aborts the process if Python shuts down, even if it only
        releases the source with the last reference to it.
        """
        self._is_closed = True
        if self._reading.acquire(timeout=_PATIENCE_S):
            if isinstance(self._frames, Generator):
                self._frames.close()
            self._reading.release()


def _to_source(image: bytes | npt.NDArray[np.uint8] | VideoPacket) -> posewire.Source:
    if not isinstance(image, VideoPacket):
        return image
    codec = posewire.VideoCodec[image.codec.name]
    shown_s = None if image.presentation_ns is None else image.presentation_ns / 1e9
    return posewire.video_packet(
        image.data, codec, key_frame=image.key_frame, presentation_s=shown_s
    )
