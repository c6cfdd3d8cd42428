"""Opening of detectors: a connection to a server, or a model loaded in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import posewire

from posewire_server.errors import ConfigError, LocalReason
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import find_model
from posewire_server.models.weights.model_cache import ModelCache
from posewire_server.models.weights.package_manager import Progress
from posewire_server.tools.media.detector import Detector, DetectorConfig
from posewire_server.tools.media.local_detector import LocalDetector
from posewire_server.tools.media.remote_detector import RemoteDetector


@contextmanager
def open_detector(config: DetectorConfig, progress: Progress) -> Iterator[Detector]:
    """Connects to a server, or loads a model, which is pulled if it is missing.

    Raises:
        PosewireError: The weights are not available, no engine runs them, or there is no server.
        posewire.PosewireError: The server does not have the model.
    """
    if config.server is None:
        stored = ModelCache(config.cache, check_engines).pull(find_model(config.model), progress)
        pipeline = Pipeline.load(stored, config.engine)
        pipeline.warm_up()
        yield LocalDetector(pipeline, config)
        return
    with posewire.Client(config.server) as client:
        yield _connect(client, config)


def _connect(client: posewire.Client, config: DetectorConfig) -> Detector:
    try:
        return RemoteDetector(client, config)
    except posewire.UnavailableError as error:
        if error.reason:
            raise
        text = (
            f"no server can be reached at {config.server}; is the address right? "
            f"`posewire-server serve --address {config.server}` starts one"
        )
        raise ConfigError(LocalReason.SERVER_UNREACHABLE, text) from error
