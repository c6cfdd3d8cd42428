"""Detector with a pipeline in this process."""

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace

from posewire_server.errors import PosewireError
from posewire_server.frame import VideoPacket
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.session import StreamSession
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.outcome import Detection
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.detector import DetectorConfig
from posewire_server.tools.media.source import DetectedFrame, Source, SourceFrame


class LocalDetector:
    """Detector with a pipeline in this process, one frame at a time."""

    def __init__(self, pipeline: Pipeline, config: DetectorConfig) -> None:
        self._pipeline = pipeline
        self._config = config

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the poses."""
        return self._pipeline.spec.skeleton

    def detect(self, source: Source) -> Generator[DetectedFrame]:
        """Yields each frame with its outcome; see ``Detector``."""
        self._pipeline.mode_name(self._config.mode)
        with closing(self._pipeline.open_session(tracking=self._config.tracking)) as session:
            if not source.is_live:
                for frame in source:
                    yield self._detect_one(frame, session)
                return
            with closing(_latest_frames(source)) as unread:
                for *overtaken, latest in unread:
                    for dropped in overtaken:
                        session.reader.leave_out(dropped.source)
                        yield DetectedFrame(dropped, None, problem="dropped", reason="OVERFLOW")
                    yield self._detect_one(latest, session)

    def _detect_one(self, frame: SourceFrame, session: StreamSession) -> DetectedFrame:
        frame_time = FrameTime(time.monotonic(), int(frame.capture_time.timestamp() * 1e6) * 1000)
        begin = time.perf_counter()
        try:
            found = self._pipeline.detect(
                frame.source, mode=self._config.mode, session=session, frame_time=frame_time
            )
        except PosewireError as error:
            return DetectedFrame(
                frame, None, problem="error", reason=error.reason, message=str(error)
            )
        poses = found.poses.take(found.poses.scores >= self._config.minimum_score)
        detection = Detection(poses, found.size_image, found.timings)
        return DetectedFrame(frame, detection, time.perf_counter() - begin)


def _latest_frames(source: Iterable[SourceFrame]) -> Generator[list[SourceFrame]]:
    """Yields the frames since the last ones: the latest, after those that it replaced.

    A thread reads the source; it ends with the source, or at the frame after this iterator was
    closed. An error of the source is raised after the frames before it.
    """
    unread = _UnreadFrames()
    thread = threading.Thread(target=unread.fill, args=(source,), name="latest-frames", daemon=True)
    thread.start()
    try:
        while frames := unread.take():
            yield frames
    finally:
        unread.close()


class _UnreadFrames:
    """Frames that were not taken yet; only the latest has its picture, so memory is bounded.

    Packets of a video keep theirs: they are small, and later packets depend on them.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frames: list[SourceFrame] = []
        self._is_closed = False
        self._error: Exception | None = None

    def fill(self, source: Iterable[SourceFrame]) -> None:
        try:
            for frame in source:
                with self._changed:
                    if self._frames and not isinstance(self._frames[-1].image, VideoPacket):
                        self._frames[-1] = replace(self._frames[-1], image=b"")
                    self._frames.append(frame)
                    self._changed.notify_all()
                    if self._is_closed:
                        return
        except Exception as error:
            self._error = error
        finally:
            self.close()

    def take(self) -> list[SourceFrame]:
        """Waits for a frame; returns none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._is_closed)
            taken, self._frames = self._frames, []
        if not taken and self._error is not None:
            raise self._error
        return taken

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
