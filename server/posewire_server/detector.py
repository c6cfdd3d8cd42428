"""Frames in, answers out: by a pipeline in this process, or by a server over the network.

with open_detector(DetectorConfig(server="localhost:50051")) as detector:
for answer in detector.detect(open_source("street.mp4")):
...
"""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import posewire

from posewire_server.errors import PosewireError
from posewire_server.frame import EncodedImage
from posewire_server.models.catalog import find_model
from posewire_server.models.progress import Progress
from posewire_server.models.store import Store
from posewire_server.newest import newest
from posewire_server.outcome import Detection, Timings
from posewire_server.pipeline import EngineConfig, Pipeline
from posewire_server.pose import Poses
from posewire_server.skeletons import Skeleton
from posewire_server.sources import Source, SourceFrame

# Two keep the network busy: one is being inferred while the next is on its way.
IN_FLIGHT = 2


@dataclass(frozen=True)
class DetectorConfig:
    """What is to answer.

    Attributes:
        server: Address of a server; None: a pipeline in this process.
        model: Name or alias of the model.
        decoder: One of the model's decoders; empty: its default.
        minimum_score: Poses with a lower score are left out.
        engine: What runs the network in this process.
        cache: Where the weights for this process are kept.
    """

    server: str | None = None
    model: str = "body"
    decoder: str = ""
    minimum_score: float = 0.0
    engine: EngineConfig = field(default_factory=EngineConfig)
    cache: Path = Path()


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


class Detector(Protocol):
    """Answers every frame of a source exactly once."""

    @property
    def skeleton(self) -> Skeleton:
        """What the poses consist of."""
        ...

    def detect(self, source: Source) -> Generator[Answer]:
        """Yields one answer for each frame; close it to stop early."""
        ...


@contextmanager
def open_detector(config: DetectorConfig, progress: Progress) -> Iterator[Detector]:
    """Connects to a server or loads a model, which is pulled where it is missing.

    Raises:
        PosewireError: The weights can not be had, or no engine runs them.
        posewire.PosewireError: The server can not be reached or does not know the model.
    """
    if config.server is not None:
        with posewire.Client(config.server) as client:
            yield RemoteDetector(client, config)
        return
    stored = Store(config.cache).pull(find_model(config.model), progress)
    pipeline = Pipeline.load(stored, config.engine)
    pipeline.warm_up()
    yield LocalDetector(pipeline, config)


class LocalDetector:
    """A pipeline in this process, one frame at a time."""

    def __init__(self, pipeline: Pipeline, config: DetectorConfig) -> None:
        self._pipeline = pipeline
        self._config = config

    @property
    def skeleton(self) -> Skeleton:
        """What the poses consist of."""
        return self._pipeline.spec.skeleton

    def detect(self, source: Source) -> Generator[Answer]:
        """Yields one answer for each frame; close it to stop early.

        Frames of a live source are dropped where the pipeline is slower.
        """
        self._pipeline.decoder_name(self._config.decoder)
        if not source.is_live:
            yield from map(self._detect_one, source)
            return
        with closing(newest(source)) as frames:
            for frame, overtaken in frames:
                for dropped in overtaken:
                    yield Answer(dropped, None, problem="dropped", reason="OVERFLOW")
                yield self._detect_one(frame)

    def _detect_one(self, frame: SourceFrame) -> Answer:
        image = EncodedImage(frame.image) if isinstance(frame.image, bytes) else frame.image
        begin = time.perf_counter()
        try:
            found = self._pipeline.detect(image, decoder=self._config.decoder)
        except PosewireError as error:
            return Answer(frame, None, problem="error", reason=error.reason, message=str(error))
        poses = found.poses.take(found.poses.scores >= self._config.minimum_score)
        detection = Detection(poses, found.size_image, found.timings)
        return Answer(frame, detection, time.perf_counter() - begin)


class RemoteDetector:
    """A server, over its bidirectional stream.

    Raises:
        posewire.PosewireError: The server can not be reached or does not know the model.
    """

    def __init__(self, client: posewire.Client, config: DetectorConfig) -> None:
        self._client = client
        self._config = config
        model = client.get_model(config.model).skeleton
        self._skeleton = Skeleton(model.name, model.keypoints, model.limbs, model.symmetric_pairs)

    @property
    def skeleton(self) -> Skeleton:
        """What the poses consist of."""
        return self._skeleton

    def detect(self, source: Source) -> Generator[Answer]:
        """Yields one answer for each frame; close it to stop early.

        Frames of a live source are dropped where the server is slower; others wait.
        """
        policy = posewire.OverflowPolicy
        sent: dict[int, SourceFrame] = {}
        outcomes = self._client.detect(
            _remember(source, sent),
            model=self._config.model,
            decoder=self._config.decoder,
            minimum_score=self._config.minimum_score,
            max_in_flight=IN_FLIGHT,
            overflow_policy=policy.DROP_OLDEST if source.is_live else policy.BLOCK,
        )
        try:
            for outcome in outcomes:
                yield from _to_answers(outcome, sent)
        finally:
            outcomes.close()


def _remember(
    source: Iterable[SourceFrame], sent: dict[int, SourceFrame]
) -> Iterator[posewire.Frame]:
    """Yields what to send and keeps each frame until its outcome asks for it."""
    for sequence_id, frame in enumerate(source):
        sent[sequence_id] = frame
        yield posewire.Frame(frame.image, sequence_id, frame.capture_time)


def _to_answers(outcome: posewire.Outcome, sent: dict[int, SourceFrame]) -> Iterator[Answer]:
    match outcome:
        case posewire.Result():
            yield Answer(
                sent.pop(outcome.sequence_id), _to_detection(outcome), outcome.round_trip_s
            )
        case posewire.FrameError():
            frame = sent.pop(outcome.sequence_id)
            text = outcome.message
            yield Answer(frame, None, problem="error", reason=outcome.reason, message=text)
        case posewire.Dropped():
            for sequence_id in outcome.sequence_ids:
                reason = outcome.reason.name
                yield Answer(sent.pop(sequence_id), None, problem="dropped", reason=reason)
        case posewire.Lost():
            for sequence_id in outcome.sequence_ids:
                text = str(outcome.error or "the server ended the stream")
                yield Answer(sent.pop(sequence_id), None, problem="lost", message=text)


def _to_detection(result: posewire.Result) -> Detection:
    timings = result.timings
    return Detection(
        Poses(result.poses.keypoints, result.poses.scores),
        result.image_size,
        Timings(timings.wait_s, timings.decode_s, timings.infer_s, timings.post_s),
    )
