"""Detector with a pipeline in this process."""

import time
from collections.abc import Generator
from contextlib import closing

from posewire_server.errors import PosewireError
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.session import StreamSession
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.outcome import Detection
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.latest_frames import latest_frames
from posewire_server.tools.media.source import DetectedFrame, Source, SourceFrame


class LocalDetector:
    """Detector with a pipeline in this process, one frame at a time.

    Args:
        pipeline: Loaded pipeline.
        mode: One of the model's modes; empty: its default.
        minimum_score: Poses with a lower score are left out.
        tracking: Settings of tracking; None: off.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        mode: str = "",
        minimum_score: float = 0.0,
        *,
        tracking: TrackingSettings | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._mode = mode
        self._minimum_score = minimum_score
        self._tracking = tracking

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the poses."""
        return self._pipeline.spec.skeleton

    def detect(self, source: Source) -> Generator[DetectedFrame]:
        """Yields each frame with its outcome; close it to stop early.

        If the pipeline is slower than a live source, frames are dropped.
        """
        self._pipeline.mode_name(self._mode)
        session = self._pipeline.open_session(tracking=self._tracking)
        with closing(session):
            if not source.is_live:
                for frame in source:
                    yield self._detect_one(frame, session)
                return
            with closing(latest_frames(source)) as frames:
                for frame, overtaken in frames:
                    for dropped in overtaken:
                        session.reader.leave_out(dropped.source)
                        yield DetectedFrame(dropped, None, problem="dropped", reason="OVERFLOW")
                    yield self._detect_one(frame, session)

    def _detect_one(self, frame: SourceFrame, session: StreamSession) -> DetectedFrame:
        begin = time.perf_counter()
        try:
            found = self._pipeline.detect(
                frame.source, mode=self._mode, session=session, frame_time=_frame_time(frame)
            )
        except PosewireError as error:
            return DetectedFrame(
                frame, None, problem="error", reason=error.reason, message=str(error)
            )
        poses = found.poses.take(found.poses.scores >= self._minimum_score)
        detection = Detection(poses, found.size_image, found.timings)
        return DetectedFrame(frame, detection, time.perf_counter() - begin)


def _frame_time(frame: SourceFrame) -> FrameTime:
    return FrameTime(time.monotonic(), int(frame.capture_time.timestamp() * 1e6) * 1000)
