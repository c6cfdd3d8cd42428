"""What becomes of a frame: exactly one of a detection, an error or a place among the dropped."""

from dataclasses import dataclass
from enum import Enum

from posewire_server.errors import PosewireError
from posewire_server.pose import Poses


@dataclass(frozen=True)
class Timings:
    """Where one frame's time went, in seconds: all waiting, and the three stages."""

    wait_s: float
    decode_s: float
    infer_s: float
    post_s: float


@dataclass(frozen=True)
class Detection:
    """The poses of one frame, the frame's (width, height), and where the time went."""

    poses: Poses
    size_image: tuple[int, int]
    timings: Timings


class DropReason(Enum):
    """Why frames were left out."""

    OVERFLOW = "overflow"
    TOO_OLD = "too_old"
    DRAINING = "draining"


@dataclass(frozen=True)
class Failed:
    """One frame's error."""

    sequence_id: int
    error: PosewireError


@dataclass(frozen=True)
class Dropped:
    """``count`` frames left out, all that were sent with an id from ``first`` to ``last``."""

    first: int
    last: int
    count: int
    reason: DropReason


class Notice(Enum):
    """What a writer is to send besides outcomes."""

    HEARTBEAT = "heartbeat"
    DRAINING = "draining"
