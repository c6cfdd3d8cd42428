"""``posewire-server serve``: load models, warm them up, serve until told to stop."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from posewire_server.config import is_in_environment
from posewire_server.inference.engine.network import Networks
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.metrics.endpoint import serve_metrics
from posewire_server.metrics.frames import REGISTRY, enable_metrics
from posewire_server.metrics.workers import FOLDER_VARIABLE
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.runtime import event_loop_factory, freeze_garbage
from posewire_server.serving.rpc.address import check_address
from posewire_server.serving.rpc.app import Server, ServerConfig
from posewire_server.serving.rpc.listener import serve
from posewire_server.tools.commands.ready import announce, announce_metrics
from posewire_server.tools.media.progress import ProgressBars

_LOG = logging.getLogger(__name__)


def run(config: ServerConfig, cache: Path) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code.

    Raises:
        PosewireError: The address or a model can not be had.
    """
    check_address(config.address, reuse_port=config.reuse_port)
    return serve_pipelines(config, load_pipelines(config, cache))


def serve_pipelines(config: ServerConfig, pipelines: Mapping[str, Pipeline]) -> int:
    """Serves loaded models until SIGTERM or SIGINT; returns the exit code."""
    if config.metrics_address or is_in_environment(FOLDER_VARIABLE):
        enable_metrics()
    freeze_garbage()
    with (
        serve_metrics(REGISTRY, config.metrics_address) as url,
        asyncio.Runner(loop_factory=event_loop_factory()) as runner,
    ):
        announce_metrics(url)
        runner.run(_serve(config, pipelines))
    return 0


async def _serve(config: ServerConfig, pipelines: Mapping[str, Pipeline]) -> None:
    await serve(Server(config, pipelines), announce)


def load_pipelines(config: ServerConfig, cache: Path) -> dict[str, Pipeline]:
    """Returns the models of a config, pulled where they are missing, loaded and warm.

    Raises:
        PosewireError: A model is unknown, its weights can not be had, or no engine runs it.
    """
    library, networks = ModelCache(cache, check_engines), Networks(config.engine)
    pipelines = {}
    for name in config.models:
        spec = find_model(name)
        with ProgressBars() as progress:
            stored = library.pull(spec, progress)
        pipeline = Pipeline.load(stored, networks, config.limits.max_image_pixels)
        pipeline.warm_up()
        pipelines[spec.name] = pipeline
        _LOG.info("model %s %s is ready", spec.name, pipeline.version)
    networks.calibrate()
    return pipelines
