"""``posewire-server serve --workers N``: one address in front of several processes."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from posewire_server.config import environment_with
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.metrics.endpoint import serve_metrics
from posewire_server.metrics.workers import FOLDER_VARIABLE, combined_registry
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.runtime import event_loop_factory
from posewire_server.serving.front.front import Front, FrontConfig
from posewire_server.serving.rpc.address import check_address
from posewire_server.serving.rpc.listener import serve
from posewire_server.tools.commands.ready import announce, announce_metrics
from posewire_server.tools.media.progress import ProgressBars

Command = Callable[[str], Sequence[str]]


def run(config: FrontConfig, command: Command, cache: Path) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code.

    Args:
        config: How to serve.
        command: What runs a worker, given its address.
        cache: Of the weights, for all workers.

    Raises:
        PosewireError: The address, a model or a worker can not be had.
    """
    check_address(config.address, reuse_port=config.reuse_port)
    _pull(config.models, ModelCache(cache, check_engines))
    return serve_front(config, command)


def serve_front(config: FrontConfig, command: Command) -> int:
    """Serves with workers that need nothing more; returns the exit code.

    Raises:
        PosewireError: The address or a worker can not be had.
    """
    with (
        tempfile.TemporaryDirectory(prefix="posewire-") as folder,
        asyncio.Runner(loop_factory=event_loop_factory()) as runner,
    ):
        runner.run(_serve(config, command, Path(folder)))
    return 0


async def _serve(config: FrontConfig, command: Command, folder: Path) -> None:
    def command_of(place: int, number: int) -> Sequence[str]:
        return command(f"unix:{folder}/worker-{place}-{number}.sock")

    gathered = {FOLDER_VARIABLE: str(folder)} if config.metrics_address else {}
    front = Front(config, command_of, environment_with(**gathered), folder if gathered else None)
    with serve_metrics(combined_registry(front.metrics, folder), config.metrics_address) as url:
        announce_metrics(url)
        await serve(front, announce)


def _pull(names: Iterable[str], library: ModelCache) -> None:
    """Pulls what is missing once, before each of the workers would."""
    for name in names:
        with ProgressBars() as progress:
            library.pull(find_model(name), progress)
