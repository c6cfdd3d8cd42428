"""How one stream is to be treated."""

from dataclasses import dataclass
from enum import Enum

from posewire_server.frame import Priority


class OverflowPolicy(Enum):
    """What happens to a frame that comes when ``max_in_flight`` frames are unanswered."""

    BLOCK = "block"
    DROP_OLDEST = "drop_oldest"
    REJECT_NEW = "reject_new"


@dataclass(frozen=True)
class StreamSettings:
    """How one stream is to be treated; ``posewire.v1.StreamConfig`` documents each field."""

    max_in_flight: int
    overflow_policy: OverflowPolicy = OverflowPolicy.BLOCK
    in_order: bool = True
    max_frame_age_s: float = float("inf")
    heartbeat_interval_s: float | None = None
    is_tracking: bool = False
    priority: Priority = Priority.NORMAL
