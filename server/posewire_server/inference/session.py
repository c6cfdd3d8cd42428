"""Session of a stream: its state from frame to frame."""

from dataclasses import dataclass

from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.pose import Poses


@dataclass
class StreamSession:
    """State of one stream from frame to frame.

    Used by one frame at a time if instances are tracked or the sources are packets of a video.

    Attributes:
        tracker: None without tracking.
        regions: None if the estimator looks at each frame afresh.
    """

    reader: SourceReader
    tracker: Tracker | None = None
    regions: RegionsOfInterest | None = None

    def track(
        self, poses: Poses, frame_time: FrameTime | None, size: tuple[int, int], *, is_closed: bool
    ) -> Poses:
        """Returns the tracked poses of the next frame, see ``Tracker.update``."""
        if self.tracker is None:
            return poses
        tracked = self.tracker.update(poses, frame_time, size, is_closed=is_closed)
        if self.regions is not None and not is_closed:
            self.regions.ids = self.tracker.found_ids
        return tracked

    def close(self) -> None:
        """Releases what the sources hold."""
        self.reader.close()
