"""Composition of a server: loaded models in one process, or a front with worker processes."""

import asyncio
import logging
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posewire_server.config import environment_with, is_in_environment
from posewire_server.metrics.endpoint import FOLDER_VARIABLE, combined_registry, serve_metrics
from posewire_server.metrics.frames import REGISTRY, enable_metrics
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.package_manager import Progress
from posewire_server.runtime import event_loop_factory, freeze_garbage
from posewire_server.serving.front.front import Front
from posewire_server.serving.rpc.listener import METRICS, READY
from posewire_server.serving.rpc.server_config import ServerConfig

if TYPE_CHECKING:  # a front loads nothing that reads frames
    from posewire_server.inference.pipeline import Pipeline
    from posewire_server.serving.rpc.grpc_server import Server

_LOG = logging.getLogger(__name__)
WorkerCommand = Callable[[str], Sequence[str]]


def load_pipelines(
    config: ServerConfig, cache: ModelCache, progress: Progress
) -> "dict[str, Pipeline]":
    """Returns the models of a config by name: pulled if missing, loaded and warm.

    Raises:
        PosewireError: A model is unknown, its weights are not available, or no engine runs it.
    """
    from posewire_server.inference.engine.network import Networks
    from posewire_server.inference.pipeline import Pipeline

    networks = Networks(config.engine)
    pipelines = {}
    for name in config.models:
        spec = find_model(name)
        stored = cache.pull(spec, progress)
        pipeline = Pipeline.load(stored, networks, config.limits.max_image_pixels)
        pipeline.warm_up()
        pipelines[spec.name] = pipeline
        _LOG.info("model %s %s is ready", spec.name, pipeline.version)
    networks.calibrate()
    return pipelines


def serve_pipelines(config: ServerConfig, pipelines: "Mapping[str, Pipeline]") -> int:
    """Serves loaded models until SIGTERM or SIGINT; returns the exit code.

    Raises:
        ConfigError: ADDRESS_UNUSABLE.
    """
    if config.metrics_address or is_in_environment(FOLDER_VARIABLE):
        enable_metrics()
    freeze_garbage()
    with (
        serve_metrics(REGISTRY, config.metrics_address) as url,
        asyncio.Runner(loop_factory=event_loop_factory()) as runner,
    ):
        runner.run(_serve_pipelines(config, pipelines, url))
    return 0


async def _serve_pipelines(
    config: ServerConfig, pipelines: "Mapping[str, Pipeline]", metrics_url: str
) -> None:
    from posewire_server.serving.rpc.grpc_server import Server

    await _serve(Server(config, pipelines), metrics_url)


def serve_front(config: ServerConfig, command: WorkerCommand) -> int:
    """Serves with worker processes until SIGTERM or SIGINT; returns the exit code.

    Args:
        command: Returns the command line of a worker, given its address.

    Raises:
        PosewireError: The address cannot be used, or a worker does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="posewire-") as folder,
        asyncio.Runner(loop_factory=event_loop_factory()) as runner,
    ):
        runner.run(_serve_front(config, command, Path(folder)))
    return 0


async def _serve_front(config: ServerConfig, command: WorkerCommand, folder: Path) -> None:
    def command_of(slot: int, number: int) -> Sequence[str]:
        return command(f"unix:{folder}/worker-{slot}-{number}.sock")

    metrics = {FOLDER_VARIABLE: str(folder)} if config.metrics_address else {}
    environment = environment_with(**metrics)
    front = Front(config, command_of, environment, folder if metrics else None)
    with serve_metrics(combined_registry(front.metrics, folder), config.metrics_address) as url:
        await _serve(front, url)


async def _serve(server: "Server | Front", metrics_url: str) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once.

    Raises:
        PosewireError: The server could not start, or a fault ended it.
    """
    if metrics_url:
        print(f"{METRICS}{metrics_url}", flush=True)
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, loop, ending)
    ended = asyncio.create_task(ending.wait())
    running = asyncio.create_task(_run(server))
    await asyncio.wait((ended, running), return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.wait((running,))
    await server.drain()
    if not running.cancelled():
        running.result()


async def _run(server: "Server | Front") -> None:
    print(f"{READY}{await server.start()}", flush=True)
    await server.fail()


def _end(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
    ending.set()
