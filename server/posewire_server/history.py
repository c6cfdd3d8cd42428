"""What one stream carries from frame to frame."""

from dataclasses import dataclass, field

from posewire_server.cadence import Cadence
from posewire_server.images.reader import SourceReader
from posewire_server.systems.memory import Memory
from posewire_server.tracking.follower import Follower


@dataclass
class History:
    """What the frames of one stream leave for those that follow.

    Used by one frame at a time where instances are followed, or the sources are packets of a video.

    Attributes:
        reader: Reads the stream's sources.
        memory: Where a model that follows instances itself looks next; None for others.
        follower: Tells who is who; None where nobody asked.
        cadence: Of the frames' arrivals.
    """

    reader: SourceReader
    memory: Memory | None = None
    follower: Follower | None = None
    cadence: Cadence = field(default_factory=Cadence)

    def close(self) -> None:
        """Lets go of what was kept."""
        self.reader.close()
