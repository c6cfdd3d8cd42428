"""Frames by shared memory to a server on the same machine, in place of bytes over the connection.

>>> for outcome in client.detect(frames, shared_memory=True):
...     print(outcome)

Each large picture is copied into shared memory once and named in its frame; its place is used again
after its outcome. Where that is not to be had (another machine, another user, another system, more
frames under way than places), frames go as bytes, as they do otherwise.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from posewire.outcome import Dropped, FrameError, Lost, Outcome, Result
from posewire.shared_object import SharedObject, Slot, is_available
from posewire.v1 import frame_pb2, keypoint_service_pb2
from posewire.wire import RawRequest

SLOTS: Final = 16
_REFUSALS: Final = (
    "SHARED_MEMORY_FORBIDDEN",
    "SHARED_MEMORY_NOT_FOUND",
    "SHARED_MEMORY_OUT_OF_BOUNDS",
    "SOURCE_UNIMPLEMENTED",
)


class SharedFrames:
    """The shared memory of one stream, over all its connections; safe to use from two threads.

    A connection has objects of its own. A name is taken away once the server has answered, for it
    keeps the object open as long as the connection lasts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._object: SharedObject | None = None
        self._slots: dict[int, Slot] = {}
        self._is_on = False

    def begin(self, target: str) -> None:
        """Takes note of a new connection; what was shared over the last one is forgotten."""
        with self._lock:
            self._forget()
            self._is_on = is_available() and may_be_local(target)

    def share(self, sequence_id: int, pixels: memoryview) -> Slot | None:
        """Copies the pixels of a frame into shared memory; None where there is no place."""
        with self._lock:
            slot = self._take(pixels.nbytes) if self._is_on else None
            if slot is not None:
                self._slots[sequence_id] = slot
        if slot is not None:
            slot.write(pixels)
        return slot

    def holds(self, slot: Slot) -> bool:
        """Whether the server of this connection can find what is in a slot."""
        with self._lock:
            return slot in self._slots.values()

    def settle(self, outcome: Outcome) -> None:
        """Takes note of an outcome: the places of its frames may be used again."""
        with self._lock:
            for number in _frames_of(outcome):
                slot = self._slots.pop(number, None)
                if slot is not None:
                    slot.owner.free.append(slot.offset)
                    slot.owner.unlink()
            if isinstance(outcome, FrameError) and outcome.reason in _REFUSALS:
                self._is_on = False

    def end(self) -> None:
        """Takes note of the end of a connection."""
        with self._lock:
            self._forget()
            self._is_on = False

    def _forget(self) -> None:
        for owner in {slot.owner for slot in self._slots.values()}:
            owner.unlink()
        if self._object is not None:
            self._object.unlink()
        self._object = None
        self._slots.clear()

    def _take(self, size: int) -> Slot | None:
        last = self._object
        if last is None or last.slot_bytes < size:
            # At least twice as large, so that few are needed however the sizes change.
            larger = max(size, 2 * last.slot_bytes if last else 0)
            try:
                self._object = last = SharedObject(SLOTS, larger)
            except OSError:
                self._is_on = False
                return None
        return Slot(last, last.free.pop()) if last.free else None


@dataclass(slots=True, eq=False)
class SharedRequest(RawRequest):
    """A DetectRequest whose pixels go by shared memory, where that is to be had as it is sent.

    Attributes:
        shared: The shared memory of its stream.
        slot: Where its pixels are, from then on.
    """

    shared: SharedFrames | None = None
    slot: Slot | None = None

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's name)
        """Returns the bytes of the whole request."""
        assert self.shared is not None
        if self.slot is not None and not self.shared.holds(self.slot):
            self.slot = None  # Sent again over another connection; the pixels are still there.
        if self.slot is None and self.serialized is None:
            self.slot = self.shared.share(self.frame.sequence_id, self.pixels)
        if self.slot is None:
            return RawRequest.SerializeToString(self)
        self.pixels = self.slot.read(self.pixels.nbytes)
        return self._named(self.slot)

    def _named(self, slot: Slot) -> bytes:
        image = frame_pb2.SharedMemoryImage(
            name=slot.owner.name,
            offset=slot.offset,
            length=self.pixels.nbytes,
            layout=self.layout,
        )
        request = keypoint_service_pb2.DetectRequest(frame=self.frame)
        request.frame.shared_memory.CopyFrom(image)
        return request.SerializeToString()


def may_be_local(target: str) -> bool:
    """Whether a server may be on this machine, by its gRPC name; one without a name may be."""
    if not target or target.startswith(("unix:", "unix-abstract:")):
        return True
    place = target.rpartition("/")[2].removeprefix("ipv4:").removeprefix("ipv6:")
    host = place.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _frames_of(outcome: Outcome) -> Sequence[int]:
    match outcome:
        case Result() | FrameError():
            return (outcome.sequence_id,)
        case Dropped() | Lost():
            return outcome.sequence_ids
