"""One frame's whole story: source, image, network input, network output, poses."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from posewire_server.decode.paf import Algorithm, PafDecode
from posewire_server.engine.predictor import Engine, PaddlePredictor, Precision, Predictor
from posewire_server.errors import ModelError, SourceError
from posewire_server.frame import EncodedImage, RawImage, Region
from posewire_server.image import decode_image, raw_image
from posewire_server.models.manifest import StoredModel
from posewire_server.models.spec import ModelSpec
from posewire_server.outcome import Detection, Timings
from posewire_server.skeletons import OPENPOSE18_PAF_CHANNELS
from posewire_server.transform import fit, prepare

Image = npt.NDArray[np.uint8]

MAX_PIXELS = 40_000_000
# These work on the picture, not on the network's output: 3 s for 1920x1080, a minute at MAX_PIXELS.
_DECODER_MAX_PIXELS = {"paddlehub": 2_500_000}


@dataclass(frozen=True)
class EngineConfig:
    """What is to run a network.

    Attributes:
        engine: ``auto`` (the fastest that passed its self-check), ``openvino``, ``onednn``,
            ``plain`` or ``gpu``.
        precision: ``fp32`` or ``bf16``.
        threads: CPU threads of one run; 0 means one for each core.
    """

    engine: Engine = "auto"
    precision: Precision = "fp32"
    threads: int = 0


def build_decoder(spec: ModelSpec, name: str) -> PafDecode:
    """Builds one of the model's decoders; its default one with the tuning for its network."""
    tuning = dict(spec.tuning) if name == spec.default_decoder else {}
    return PafDecode(spec.skeleton, OPENPOSE18_PAF_CHANNELS, cast("Algorithm", name), **tuning)


def _always(_stage: str) -> None:
    pass


class Pipeline:
    """A loaded model: sources in, detections out. Safe to call from many threads.

    Args:
        spec: The model.
        version: Changes with the weights.
        predictor: Runs the network; called by one thread at a time.
        engine: What it is, with every choice made.
        max_pixels: Largest image, in pixels.
    """

    def __init__(
        self,
        spec: ModelSpec,
        version: str,
        predictor: Predictor,
        engine: EngineConfig,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.spec = spec
        self.version = version
        self.engine = engine
        self._predictor = predictor
        self._max_pixels = max_pixels
        self._turn = threading.Lock()
        self._decoders = {name: build_decoder(spec, name) for name in spec.decoders}

    @classmethod
    def load(
        cls, stored: StoredModel, config: EngineConfig, max_pixels: int = MAX_PIXELS
    ) -> "Pipeline":
        """Builds the predictor of stored weights.

        Raises:
            EngineError: The engine can not run this model.
        """
        threads = config.threads or len(os.sched_getaffinity(0))
        predictor = PaddlePredictor(stored, config.engine, config.precision, threads)
        engine = EngineConfig(cast("Engine", predictor.engine), config.precision, threads)
        version = stored.folder.name.removeprefix(f"{stored.spec.name}-")
        return cls(stored.spec, version, predictor, engine, max_pixels)

    def warm_up(self) -> None:
        """Runs once on a black picture, so that no caller waits for what engines do only once."""
        self.detect(np.zeros((480, 640, 3), np.uint8))

    def decoder_name(self, name: str) -> str:
        """Returns ``name``, or the name of the model's default decoder where it is empty.

        Raises:
            ModelError: DECODER_UNKNOWN.
        """
        name = name or self.spec.default_decoder
        if name not in self._decoders:
            known = ", ".join(self.spec.decoders)
            text = f"model '{self.spec.name}' has no decoder '{name}'; it has {known}"
            raise ModelError("DECODER_UNKNOWN", text, decoder=name, known=known)
        return name

    def detect(
        self,
        source: EncodedImage | RawImage | Image,
        *,
        region: Region | None = None,
        decoder: str = "",
        check: Callable[[str], None] = _always,
        waited_s: float = 0.0,
    ) -> Detection:
        """Finds the poses in one picture.

        Args:
            source: A file's bytes, raw pixels, or a (H, W, 3) uint8 BGR array.
            region: The part to look at, in pixels of the frame.
            decoder: One of the model's decoders; empty for its default.
            check: Called with the name of each stage before it; raises to stop.
            waited_s: Seconds the frame waited before this call.

        Raises:
            PosewireError: Of the stage that failed, or what ``check`` raised.
        """
        decoder = self.decoder_name(decoder)
        check("decode")
        begin = time.perf_counter()
        image = self._read(source)
        size_image = (image.shape[1], image.shape[0])
        transform = fit(size_image, self.spec.input, astuple(region) if region else None)
        _check_size(decoder, transform.size_region)
        inputs = prepare(image, transform, self.spec.input)
        prepared = time.perf_counter()
        with self._turn:
            check("infer")
            turn = time.perf_counter()
            outputs = self._predictor.run(inputs)
            inferred = time.perf_counter()
        check("post")
        poses = self._decoders[decoder](outputs, transform)
        done = time.perf_counter()
        wait_s = waited_s + turn - prepared
        timings = Timings(wait_s, prepared - begin, inferred - turn, done - inferred)
        return Detection(poses, size_image, timings)

    def _read(self, source: EncodedImage | RawImage | Image) -> Image:
        if isinstance(source, EncodedImage):
            return decode_image(source.data, max_pixels=self._max_pixels)
        if isinstance(source, RawImage):
            return raw_image(
                source.format.name,
                source.width,
                source.height,
                source.stride,
                source.pixels,
                max_pixels=self._max_pixels,
            )
        return source


def _check_size(decoder: str, size: tuple[int, int]) -> None:
    width, height = size
    limit = _DECODER_MAX_PIXELS.get(decoder)
    if limit is not None and width * height > limit:
        text = f"decoder '{decoder}' takes at most {limit} pixels, not {width}x{height}; use 'fast'"
        sizes = {"width": width, "height": height, "max_image_pixels": limit}
        raise SourceError("IMAGE_TOO_LARGE", text, **sizes)
