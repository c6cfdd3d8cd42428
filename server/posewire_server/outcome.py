"""Outcome of a frame: exactly one of an answer, an error or a drop."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

from posewire_server.errors import PosewireError
from posewire_server.pose import Poses

T = TypeVar("T")


@dataclass(frozen=True)
class Timings:
    """Seconds that one frame spent: all waiting, and the three stages."""

    wait_s: float
    decode_s: float
    infer_s: float
    post_s: float


@dataclass(frozen=True)
class Detection:
    """The poses of one frame, the frame's (width, height), and its timings."""

    poses: Poses
    size_image: tuple[int, int]
    timings: Timings


class DropReason(Enum):
    """Reason of a drop."""

    OVERFLOW = "overflow"
    TOO_OLD = "too_old"
    DRAINING = "draining"


@dataclass(frozen=True)
class Answer(Generic[T]):
    """The answer to one frame."""

    value: T


@dataclass(frozen=True)
class Failed:
    """One frame's error."""

    sequence_id: int
    error: PosewireError


@dataclass(frozen=True)
class Dropped:
    """``count`` dropped frames: all that were sent with an id from ``first`` to ``last``."""

    first: int
    last: int
    count: int
    reason: DropReason


Outcome: TypeAlias = Answer[T] | Failed | Dropped


class ControlMessage(Enum):
    """Messages that a stream writes besides outcomes."""

    HEARTBEAT = "heartbeat"
    DRAINING = "draining"
