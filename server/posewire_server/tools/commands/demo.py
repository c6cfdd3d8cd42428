"""``posewire-server demo``: pulls weights, serves them, streams frames and annotates them."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.server_process import ServerProcess
from posewire_server.tools.media.annotator import open_annotator
from posewire_server.tools.media.detector import DetectorConfig, run_detector
from posewire_server.tools.media.frame_statistics import FrameStatistics, noun_of
from posewire_server.tools.media.open_detector import open_detector
from posewire_server.tools.media.open_source import open_source
from posewire_server.tools.media.sample import open_sample
from posewire_server.tools.media.source import Source
from posewire_server.tools.media.terminal import ProgressBars


@dataclass(frozen=True)
class DemoConfig:
    """Settings of ``demo``.

    Attributes:
        source: As for ``open_source``; None: the sample clip.
        output: Annotated image, folder or video; None: a name in the current folder.
    """

    cache: Path
    source: str | None = None
    output: Path | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    model: str = "body"
    tracking: TrackingSettings | None = None


def run(config: DemoConfig) -> int:
    """Pulls the weights, serves them on loopback and streams a source; returns the exit code."""
    given = open_source(config.source) if config.source is not None else None
    with ProgressBars() as progress:
        stored = ModelCache(config.cache, check_engines).pull(find_model(config.model), progress)
    for network in stored.networks:
        print(f"network {network.spec.name}: {network.manifest.source}, {network.manifest.licence}")
    with ProgressBars() as progress:
        source = given or open_sample(config.cache, progress)
    output = config.output or _default_output(source)
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess(_serve_arguments(config)))
        print(f"server on {server.address}; streaming {source.name}")
        remote = DetectorConfig(server=server.address, model=config.model, tracking=config.tracking)
        detector = stack.enter_context(open_detector(remote, progress))
        statistics = FrameStatistics(noun_of(detector.skeleton))
        annotator = stack.enter_context(open_annotator(output, source, detector.skeleton))
        bar = stack.enter_context(tqdm(total=source.frame_count, unit="frame", desc="stream"))
        elapsed_s = run_detector(
            detector, source, [statistics.add, annotator.write, lambda _: bar.update()]
        )
    print(statistics.summary(elapsed_s), *statistics.failures(), sep="\n")
    print(statistics.stage_table())
    print(f"annotated: {output.resolve()}")
    return int(statistics.has_failures)


def _serve_arguments(config: DemoConfig) -> list[str]:
    engine = config.engine
    return [
        *("--cache", str(config.cache)),
        *("--models", config.model),
        *("--engine", engine.engine),
        *("--precision", engine.precision),
        *("--threads", str(engine.threads)),
    ]


def _default_output(source: Source) -> Path:
    if source.is_video:
        return Path("posewire-demo.mp4")
    return Path("posewire-demo.jpg" if source.frame_count == 1 else "posewire-demo")
