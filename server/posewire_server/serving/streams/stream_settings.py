"""Settings of one stream, checked and complete, and its phases."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from posewire_server.frame import Priority


class OverflowPolicy(Enum):
    """What happens to a frame that arrives while ``max_in_flight`` frames are unanswered."""

    BLOCK = "block"
    DROP_OLDEST = "drop_oldest"
    REJECT_NEW = "reject_new"


@dataclass(frozen=True)
class StreamSettings:
    """Settings of one stream; ``posewire.v1.StreamConfig`` documents each field."""

    max_in_flight: int
    overflow_policy: OverflowPolicy = OverflowPolicy.BLOCK
    in_order: bool = True
    max_frame_age_s: float = float("inf")
    heartbeat_interval_s: float | None = None
    is_tracking: bool = False
    priority: Priority = Priority.NORMAL


class StreamPhase(IntEnum):
    """Phases of a stream, in their order.

    Attributes:
        OPEN: Frames are accepted.
        FINISHING: Accepted frames are answered.
        CLOSED: None is answered; some may still be worked on.
        ENDED: None is worked on.
    """

    OPEN = 0
    FINISHING = 1
    CLOSED = 2
    ENDED = 3
