"""A frame's way from its source to its poses."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from posewire_server.errors import ErrorReason, ModelError, StreamError
from posewire_server.frame import MAX_PIXELS, Region, Source
from posewire_server.inference.engine.engine_config import Engine, EngineConfig
from posewire_server.inference.engine.network import Network, Networks
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, PoseEstimator
from posewire_server.inference.estimators.regions_of_interest import RegionsOfInterest
from posewire_server.inference.families import build_estimator
from posewire_server.inference.preprocess.transform import enlarged, reduce_for, reduced
from posewire_server.inference.reader import SourceReader
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.session import StreamSession
from posewire_server.inference.sources.picture import full_size
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.outcome import Detection

Image = npt.NDArray[np.uint8]


class Pipeline:
    """A loaded model: sources in, detections out. Safe to call from many threads.

    Args:
        networks: Networks of the estimator, to announce frames in preparation to.
    """

    def __init__(
        self,
        spec: ModelSpec,
        version: str,
        estimator: PoseEstimator,
        engine: EngineConfig,
        max_pixels: int = MAX_PIXELS,
        networks: Sequence[Network] = (),
    ) -> None:
        self.spec = spec
        self.version = version
        self.engine = engine
        self._estimator = estimator
        self._max_pixels = max_pixels
        self._networks = networks

    @classmethod
    def load(
        cls, stored: StoredModel, config: EngineConfig | Networks, max_pixels: int = MAX_PIXELS
    ) -> "Pipeline":
        """Builds the pipeline of a model in the cache; several may share networks.

        Raises:
            EngineError: The engine cannot run a network of this model.
        """
        networks = config if isinstance(config, Networks) else Networks(config)
        loaded = {network.spec.name: networks.load(network) for network in stored.networks}
        engines = dict.fromkeys(engine for _, engine in loaded.values())
        engine = replace(networks.config, engine=cast("Engine", "+".join(engines)))
        used = {name: network for name, (network, _) in loaded.items()}
        estimator = build_estimator(stored.spec, used)
        return cls(stored.spec, stored.version, estimator, engine, max_pixels, tuple(used.values()))

    @property
    def largest_batch(self) -> int:
        """The largest number of inputs that one of its networks joins; 1 without joining."""
        return max((network.largest_batch for network in self._networks), default=1)

    def warm_up(self) -> None:
        """Runs on a black picture, because engines do some work in the first run only."""
        black = np.zeros((480, 640, 3), np.uint8)
        self.detect(black)
        if self._estimator.abilities.takes_boxes:  # Without instances only the detector has run.
            self.detect(black, boxes=(Region(0, 0, 640, 480),))

    def mode_name(self, name: str) -> str:
        """Returns ``name``, or the name of the default mode if it is empty.

        Raises:
            ModelError: MODE_UNKNOWN.
        """
        name = name or self.spec.default_mode
        if name not in self.spec.modes:
            known = ", ".join(self.spec.modes)
            text = f"model '{self.spec.name}' has no mode '{name}'; it has {known}"
            raise ModelError(ErrorReason.MODE_UNKNOWN, text, mode=name, known=known)
        return name

    def open_session(
        self, *, tracking: TrackingSettings | None = None, is_local: bool = False
    ) -> StreamSession:
        """Returns the session of a new stream; close it when the stream ends.

        The sender may share memory if it is local.
        """
        reader = SourceReader(self._max_pixels, is_local=is_local)
        if tracking is None:
            return StreamSession(reader)
        regions = RegionsOfInterest() if self._estimator.abilities.follows else None
        return StreamSession(reader, Tracker(self.spec.skeleton, tracking), regions)

    def detect(
        self,
        source: Source | Image,
        *,
        region: Region | None = None,
        boxes: tuple[Region, ...] = (),
        mode: str = "",
        session: StreamSession | None = None,
        frame_time: FrameTime | None = None,
        context: FrameContext | None = None,
    ) -> Detection:
        """Finds the poses in one picture.

        Args:
            source: Any source of a frame, or a (H, W, 3) uint8 BGR array.
            region: The part to look at, in pixels of the frame.
            boxes: Boxes of instances, in pixels of the frame.
            session: State of the stream, from ``open_session``; updated.
            frame_time: None: now.
            context: Books the time and may stop the work.

        Raises:
            PosewireError: Of the stage that failed, or of ``context.check``.
        """
        if boxes and not self._estimator.abilities.takes_boxes:
            text = f"model '{self.spec.name}' takes no boxes; leave them out, or give a region"
            raise StreamError(ErrorReason.FEATURE_UNIMPLEMENTED, text, field="boxes")
        regions = session.regions if session else None
        options = DetectionOptions(self.mode_name(mode), region, boxes, regions)
        can_reduce = options.mode in self._estimator.abilities.reduced_modes
        reduce = reduce_for(self.spec.input, region) if can_reduce else full_size
        context = context or FrameContext()
        opened = nullcontext(session) if session else closing(self.open_session())
        with _announced(self._networks, context), opened as current:
            with context.stage("decode"):
                picture = current.reader.read(source, reduce)
            if picture.reduction > 1:
                options = replace(options, region=reduced(region, picture.reduction))
            poses = self._estimator.find(picture, options, context)
            if picture.reduction > 1:
                poses = enlarged(poses, picture.reduction)
        if session is not None and session.tracker is not None:
            with context.stage("post"):
                poses = session.track(poses, frame_time, picture.size, is_closed=bool(boxes))
        return Detection(poses, picture.size, context.timings)


@contextmanager
def _announced(networks: Sequence[Network], context: FrameContext) -> Iterator[None]:
    """Lets networks expect a frame within a ``with`` block."""
    with ExitStack() as announced:
        for network in networks:
            announced.callback(network.dismiss, context)
            network.expect(context)
        yield
