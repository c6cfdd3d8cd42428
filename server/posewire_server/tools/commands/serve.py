"""``posewire-server serve``: pulls and loads models, then serves them."""

from pathlib import Path

from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.serving.rpc.listener import check_address
from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.serve import (
    WorkerCommand,
    load_pipelines,
    serve_front,
    serve_pipelines,
)
from posewire_server.tools.media.terminal import ProgressBars


def run(config: ServerConfig, cache: Path, worker_command: WorkerCommand) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code.

    With several workers, their models are pulled once before they load them.

    Raises:
        PosewireError: The address cannot be used, or a model or worker is not available.
    """
    check_address(config.address, reuse_port=config.reuse_port)
    models = ModelCache(cache, check_engines)
    if config.workers > 1:
        with ProgressBars() as progress:
            for name in config.models:
                models.pull(find_model(name), progress)
        return serve_front(config, worker_command)
    with ProgressBars() as progress:
        pipelines = load_pipelines(config, models, progress)
    return serve_pipelines(config, pipelines)
