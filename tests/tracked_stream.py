"""A stream of pictures in which an estimator follows its instances, as a pipeline has it."""

from dataclasses import replace

from posewire_server.inference.estimators.pose_estimator import (
    DetectionOptions,
    Image,
    PoseEstimator,
)
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.session import StreamSession
from posewire_server.inference.sources.picture import picture_of
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton

FPS = 30.0


class TrackedStream:
    """30 pictures a second; ``session`` is the stream's."""

    def __init__(self, estimator: PoseEstimator, skeleton: Skeleton) -> None:
        tracker = Tracker(skeleton, TrackingSettings())
        self.session = StreamSession(SourceReader(10**8), tracker, RegionsOfInterest())
        self._estimator = estimator
        self._frames = 0

    def find(self, image: Image, options: DetectionOptions) -> Poses:
        """Returns the tracked poses of the next picture."""
        options = replace(options, regions=self.session.regions)
        poses = self._estimator.find(picture_of(image), options, FrameContext())
        self._frames += 1
        size = (image.shape[1], image.shape[0])
        return self.session.track(poses, FrameTime(self._frames / FPS), size, is_closed=False)
