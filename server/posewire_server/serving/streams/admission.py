"""Admission of frames to a stream: by their ids, the frames in flight, and their bytes."""

import asyncio
from collections.abc import Callable, Sized
from typing import Final

from posewire_server.errors import ErrorReason, StreamError
from posewire_server.frame import Frame
from posewire_server.outcome import Failed
from posewire_server.serving.streams.bytes_in_flight import ByteShare
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

_MOST_UNREAD: Final = 1024


class Admission:
    """Decision if a frame is accepted, waits for room or is refused.

    Attributes:
        last_id: Greatest sequence id of a frame that did not wait; -1: none.
        in_flight: Accepted frames without an outcome that was read.
    """

    def __init__(self, settings: StreamSettings, share: ByteShare, unread: Sized) -> None:
        self.last_id = -1
        self.in_flight = 0
        self._policy = settings.overflow_policy
        self._blocks = self._policy is OverflowPolicy.BLOCK
        self._most_in_flight = settings.max_in_flight
        self._share = share
        self._unread = unread
        self._is_open = True
        self._changed = asyncio.Event()
        share.wake = self.wake = self._changed.set

    def end(self) -> None:
        """Has no frame wait from now on, nor refused for want of room: all of them are dropped."""
        self._is_open = False
        self.wake()

    @property
    def is_over_full(self) -> bool:
        """Whether more frames are in flight than may be."""
        return self.in_flight > self._most_in_flight

    async def wait_for_room(self, size_bytes: int) -> None:
        """Waits while a frame has no room though it may not be refused."""
        try:
            while self._must_wait(size_bytes):
                if not self._is_held_back:
                    self._share.wait_for(size_bytes)
                await self._changed.wait()
                self._changed.clear()
        finally:
            self._share.stop_waiting()

    def refusal(
        self, frame: Frame | Failed, size_bytes: int, drop_oldest: Callable[[], bool]
    ) -> Failed | None:
        """Returns the outcome of a frame that is not accepted, otherwise None.

        Args:
            drop_oldest: Drops a frame that waits; returns False if none does.
        """
        number, last = frame.sequence_id, self.last_id
        if number <= last:
            return Failed(number, _out_of_order(number, last))
        self.last_id = number
        if isinstance(frame, Failed):
            return frame
        error = self._shortage(size_bytes, drop_oldest)
        return None if error is None else Failed(number, error)

    def _must_wait(self, size_bytes: int) -> bool:
        if not self._is_open:
            return False
        return self._is_held_back or (self._blocks and not self._share.fits(size_bytes))

    @property
    def _is_held_back(self) -> bool:
        """Whether the stream's own frames leave no room for another one."""
        return len(self._unread) > _MOST_UNREAD or (self._blocks and self._is_full)

    @property
    def _is_full(self) -> bool:
        return self.in_flight >= self._most_in_flight

    def _shortage(self, size_bytes: int, drop_oldest: Callable[[], bool]) -> StreamError | None:
        if not self._is_open or self._blocks:
            return None
        if self._policy is OverflowPolicy.REJECT_NEW and self._is_full:
            return _queue_full(self._most_in_flight)
        while not self._share.fits(size_bytes):
            if self._policy is OverflowPolicy.REJECT_NEW or not drop_oldest():
                return _bytes_exhausted(self._share.limit_bytes)
        return None


def _out_of_order(sequence_id: int, last_id: int) -> StreamError:
    text = f"sequence id {sequence_id} does not rise above {last_id}; number frames upwards"
    ids = {"sequence_id": sequence_id, "last_sequence_id": last_id}
    return StreamError(ErrorReason.SEQUENCE_NOT_INCREASING, text, **ids)


def _queue_full(max_in_flight: int) -> StreamError:
    text = f"{max_in_flight} frames are unanswered; send the next one after the next outcome"
    return StreamError(ErrorReason.QUEUE_FULL, text, max_in_flight=max_in_flight)


def _bytes_exhausted(max_bytes: int) -> StreamError:
    text = f"the frames that wait hold {max_bytes} bytes, as many as may; retry later, or smaller"
    return StreamError(ErrorReason.BYTES_EXHAUSTED, text, max_bytes_in_flight=max_bytes)
