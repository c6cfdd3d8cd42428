"""Detector that asks a server over a bidirectional stream."""

from collections.abc import Generator, Iterator

import numpy as np
import posewire

from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.outcome import Detection, Timings
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.tools.media.sent_frames import SentFrames
from posewire_server.tools.media.source import DetectedFrame, Source

# Two keep the network busy: one is being inferred while the next is on its way.
IN_FLIGHT = 2


class RemoteDetector:
    """Detector that asks a server over a bidirectional stream.

    Raises:
        posewire.PosewireError: The server cannot be reached or does not have the model.
    """

    def __init__(
        self,
        client: posewire.Client,
        model: str = "body",
        mode: str = "",
        minimum_score: float = 0.0,
        *,
        tracking: TrackingSettings | None = None,
    ) -> None:
        self._client = client
        self._model = model
        self._mode = mode
        self._minimum_score = minimum_score
        self._tracking = _tracking_options(tracking)
        self._smoothing = _smoothing_options(tracking.smoothing if tracking else None)
        told = client.get_model(model).skeleton
        self._skeleton = Skeleton(told.name, told.keypoints, told.limbs, told.symmetric_pairs)

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the poses."""
        return self._skeleton

    def detect(self, source: Source) -> Generator[DetectedFrame]:
        """Yields each frame with its outcome; close it to stop early.

        If the server is slower than a live source, frames are dropped; other sources wait.
        """
        policy = posewire.OverflowPolicy
        sent = SentFrames(source)
        outcomes = self._client.detect(
            sent,
            model=self._model,
            mode=self._mode,
            minimum_score=self._minimum_score,
            max_in_flight=IN_FLIGHT,
            overflow_policy=policy.DROP_OLDEST if source.is_live else policy.BLOCK,
            tracking=self._tracking,
            smoothing=self._smoothing,
        )
        try:
            for outcome in outcomes:
                yield from _to_answers(outcome, sent)
        finally:
            outcomes.close()
            sent.close()


def _tracking_options(settings: TrackingSettings | None) -> bool | posewire.TrackingOptions:
    if settings is None:
        return False
    return posewire.TrackingOptions(settings.max_gap_s, settings.fill_gap_s or None)


def _smoothing_options(settings: SmoothingSettings | None) -> bool | posewire.SmoothingOptions:
    if settings is None:
        return False
    return posewire.SmoothingOptions(settings.min_cutoff_hz, settings.speed_coefficient)


def _to_answers(outcome: posewire.Outcome, sent: SentFrames) -> Iterator[DetectedFrame]:
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
