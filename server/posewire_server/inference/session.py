"""What one stream carries from frame to frame."""

from dataclasses import dataclass

from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.tracking.follower import Follower


@dataclass
class StreamSession:
    """What the frames of one stream leave for those that follow.

    Used by one frame at a time where instances are followed, or the sources are packets of a video.

    Attributes:
        reader: Reads the stream's sources.
        memory: Where a model that follows instances itself looks next; None for others.
        follower: Tells who is who; None where nobody asked.
    """

    reader: SourceReader
    memory: RegionsOfInterest | None = None
    follower: Follower | None = None

    def close(self) -> None:
        """Lets go of what was kept."""
        self.reader.close()
