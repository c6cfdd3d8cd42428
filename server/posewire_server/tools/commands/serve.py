"""``posewire-server serve``: pulls and loads models, then serves them."""

from pathlib import Path

from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.front.front import FrontConfig
from posewire_server.serving.rpc.app import ServerConfig
from posewire_server.serving.rpc.listener import check_address
from posewire_server.serving.serve import (
    WorkerCommand,
    load_pipelines,
    serve_front,
    serve_pipelines,
)
from posewire_server.tools.media.progress import ProgressBars


def run(config: ServerConfig, cache: Path) -> int:
    """Serves in this process until SIGTERM or SIGINT; returns the exit code.

    Raises:
        PosewireError: The address cannot be used, or a model is not available.
    """
    check_address(config.address, reuse_port=config.reuse_port)
    with ProgressBars() as progress:
        pipelines = load_pipelines(config, ModelCache(cache, check_engines), progress)
    return serve_pipelines(config, pipelines)


def run_with_workers(config: FrontConfig, command: WorkerCommand, cache: Path) -> int:
    """Serves with worker processes until SIGTERM or SIGINT; returns the exit code.

    The models are pulled once before the workers load them.

    Raises:
        PosewireError: The address cannot be used, or a model or worker is not available.
    """
    check_address(config.address, reuse_port=config.reuse_port)
    models = ModelCache(cache, check_engines)
    with ProgressBars() as progress:
        for name in config.models:
            models.pull(find_model(name), progress)
    return serve_front(config, command)
