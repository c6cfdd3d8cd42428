"""Detector that asks a server over a bidirectional stream."""

import itertools
import threading
from collections.abc import Generator, Iterator
from typing import Self

import numpy as np
import numpy.typing as npt
import posewire

from posewire_server.frame import VideoPacket
from posewire_server.outcome import Detection, Timings
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.detector import DetectorConfig
from posewire_server.tools.media.source import DetectedFrame, Source, SourceFrame

# Two keep the network busy: one is being inferred while the next is on its way.
_IN_FLIGHT = 2
# A camera gives a frame sooner; a network stream that is dead may hold its reader for longer.
_CLOSE_TIMEOUT_S = 2.0


class SentFrames:
    """Iterates the frames for a client, and keeps each frame until its outcome takes it."""

    def __init__(self, source: Source) -> None:
        self._frames = iter(source)
        self._sequence_ids = itertools.count()
        self._kept: dict[int, SourceFrame] = {}
        self._reading = threading.Lock()
        self._is_closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> posewire.Frame:
        with self._reading:
            if self._is_closed:
                raise StopIteration
            frame = next(self._frames)
        sequence_id = next(self._sequence_ids)
        self._kept[sequence_id] = frame
        return posewire.Frame(_to_source(frame.image), sequence_id, frame.capture_time)

    def take(self, sequence_id: int) -> SourceFrame:
        """Returns the frame of an outcome, once."""
        return self._kept.pop(sequence_id)

    def close(self) -> None:
        """Ends the frames and closes the source; returns when no thread reads it any more.

        A thread inside OpenCV or FFmpeg aborts the process if Python shuts down, even if it only
        releases the source with the last reference to it.
        """
        self._is_closed = True
        if self._reading.acquire(timeout=_CLOSE_TIMEOUT_S):
            if isinstance(self._frames, Generator):
                self._frames.close()
            self._reading.release()


def _to_source(image: bytes | npt.NDArray[np.uint8] | VideoPacket) -> posewire.Source:
    if not isinstance(image, VideoPacket):
        return image
    codec = posewire.VideoCodec[image.codec.name]
    shown_s = None if image.presentation_ns is None else image.presentation_ns / 1e9
    return posewire.video_packet(
        image.data, codec, key_frame=image.key_frame, presentation_s=shown_s
    )


class RemoteDetector:
    """Detector that asks a server over a bidirectional stream.

    Raises:
        posewire.PosewireError: The server cannot be reached or does not have the model.
    """

    def __init__(self, client: posewire.Client, config: DetectorConfig) -> None:
        self._client = client
        self._config = config
        told = client.get_model(config.model).skeleton
        self._skeleton = Skeleton(told.name, told.keypoints, told.limbs, told.symmetric_pairs)

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the poses."""
        return self._skeleton

    def detect(self, source: Source) -> Generator[DetectedFrame]:
        """Yields each frame with its outcome; see ``Detector``."""
        config, policy = self._config, posewire.OverflowPolicy
        tracking = config.tracking
        smoothing = tracking.smoothing if tracking is not None else None
        sent = SentFrames(source)
        outcomes = self._client.detect(
            sent,
            model=config.model,
            mode=config.mode,
            minimum_score=config.minimum_score,
            max_in_flight=_IN_FLIGHT,
            overflow_policy=policy.DROP_OLDEST if source.is_live else policy.BLOCK,
            tracking=tracking is not None
            and posewire.TrackingOptions(tracking.max_gap_s, tracking.fill_gap_s or None),
            smoothing=smoothing is not None
            and posewire.SmoothingOptions(smoothing.min_cutoff_hz, smoothing.speed_coefficient),
        )
        try:
            for outcome in outcomes:
                yield from _to_frames(outcome, sent)
        finally:
            outcomes.close()
            sent.close()


def _to_frames(outcome: posewire.Outcome, sent: SentFrames) -> Iterator[DetectedFrame]:
    match outcome:
        case posewire.Result():
            yield DetectedFrame(
                sent.take(outcome.sequence_id), _to_detection(outcome), outcome.round_trip_s
            )
        case posewire.FrameError():
            frame = sent.take(outcome.sequence_id)
            text = outcome.message
            yield DetectedFrame(frame, None, problem="error", reason=outcome.reason, message=text)
        case posewire.Dropped():
            for sequence_id in outcome.sequence_ids:
                reason = outcome.reason.name
                yield DetectedFrame(sent.take(sequence_id), None, problem="dropped", reason=reason)
        case posewire.Lost():
            for sequence_id in outcome.sequence_ids:
                text = str(outcome.error or "the server ended the stream")
                yield DetectedFrame(sent.take(sequence_id), None, problem="lost", message=text)


def _to_detection(result: posewire.Result) -> Detection:
    timings, found = result.timings, result.poses
    ids = found.ids.astype(np.int64) if found.ids.any() else None
    return Detection(
        Poses(found.keypoints, found.scores, found.depths, found.sides, ids, found.interpolated),
        result.image_size,
        Timings(timings.wait_s, timings.decode_s, timings.infer_s, timings.post_s),
    )
