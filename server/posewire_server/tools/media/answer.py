"""What became of one frame of a source."""

from dataclasses import dataclass

from posewire_server.outcome import Detection
from posewire_server.tools.media.source import SourceFrame


@dataclass(frozen=True, eq=False)
class Answer:
    """What became of one frame.

    Attributes:
        frame: The frame.
        detection: Its poses; None where there is a problem instead.
        round_trip_s: From handing the frame over until the answer was there, in seconds.
        problem: ``error``, ``dropped`` or ``lost``; empty where there is a detection.
        reason: Name of the error or of the reason for dropping.
        message: For people.
    """

    frame: SourceFrame
    detection: Detection | None
    round_trip_s: float = 0.0
    problem: str = ""
    reason: str = ""
    message: str = ""
