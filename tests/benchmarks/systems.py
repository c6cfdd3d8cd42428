"""What systems of several networks cost beside their networks, and how seldom detectors run."""

import statistics
import time
from pathlib import Path
from typing import Final

import numpy as np
from posewire_server.errors import EngineError, ErrorReason
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Networks
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.sources.image import decode_image
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import FACE, WHOLEBODY
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.tools.benchmarks.figure import Figure
from posewire_server.tools.benchmarks.load import Image
from posewire_server.tools.media.sample import PORTRAIT, STREET, fetch_photo, make_clip

# Two people of the sample's street, in 640x480 pixels.
_TWO_PEOPLE: Final = (slice(400, 880), slice(55, 695))


def measure(cache: Path, runs: int = 30) -> list[Figure]:
    """Returns the figures of ``wholebody`` and of ``face`` with tracking.

    Raises:
        PosewireError: Weights or the sample cannot be had.
    """
    networks, library = Networks(EngineConfig()), ModelCache(cache, check_engines)
    whole_body = Pipeline.load(library.pull(WHOLEBODY), networks)
    return [
        measure_whole_body(whole_body, two_people(cache), runs),
        measure_tracking(library, networks, cache),
    ]


def two_people(cache: Path) -> Image:
    """Returns a (480, 640, 3) uint8 BGR picture of two people on a street."""
    photo = fetch_photo(STREET, cache, lambda *_: None)
    picture = decode_image(photo.read_bytes(), max_pixels=40_000_000)
    return np.ascontiguousarray(picture[_TWO_PEOPLE])


def measure_whole_body(pipeline: Pipeline, image: Image, runs: int) -> Figure:
    """Compares a frame's whole time with the time of the networks in it, run by run."""
    ratios = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        detection = pipeline.detect(image)
        ratios.append((time.perf_counter() - begin) / detection.timings.infer_s)
        if len(detection.poses) != 2:
            text = f"{pipeline.spec.name} found {len(detection.poses)} people where 2 are"
            raise EngineError(ErrorReason.ENGINE_FAILED, text)
    title = "wholebody: a frame of 2 people over its networks' own time"
    return Figure(title, statistics.median(ratios[1:]), "x", "<= 1.3", runs)


def measure_tracking(library: ModelCache, networks: Networks, cache: Path) -> Figure:
    """Follows a face through a clip and counts the frames without its detectors."""
    stored, photo = library.pull(FACE), fetch_photo(PORTRAIT, cache, lambda *_: None)
    pipeline = Pipeline.load(stored, networks)
    session = pipeline.open_session(tracking=TrackingSettings())
    detector, _ = networks.load(stored.networks[1])
    frames = quiet = 0
    for frame in make_clip(photo, PORTRAIT):
        before = detector.batcher.runs
        assert isinstance(frame.image, np.ndarray), "the sample clip has pixels"
        pipeline.detect(frame.image, session=session)
        frames, quiet = frames + 1, quiet + (detector.batcher.runs == before)
    title = "face: share of a clip's frames without the detector, with tracking"
    return Figure(title, quiet / frames, "", ">= 0.8", frames)
