"""A server with the body network on inputs of 128x128: what serving does shows beside few ms."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Networks
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.inference.pipeline import Pipeline
from posewire_server.models.catalog.catalog import BODY
from posewire_server.models.weights.model_cache import ModelCache, StoredModel
from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.serving.serve import serve_pipelines

SIDE: Final = 128


def small_model(cache: Path) -> StoredModel:
    """Returns the body model with a network that sees little."""
    stored = ModelCache(cache, check_engines).pull(BODY)
    (network,) = stored.networks
    size = replace(network.spec.input, height=SIDE, max_width=SIDE)
    small = replace(network, spec=replace(network.spec, input=size))
    return StoredModel(replace(stored.spec, networks=(small.spec,)), (small,))


def _serve(cache: Path) -> int:
    networks = Networks(EngineConfig())
    pipeline = Pipeline.load(small_model(cache), networks)
    pipeline.warm_up()
    networks.calibrate()
    return serve_pipelines(ServerConfig(address="127.0.0.1:0"), {"body": pipeline})


if __name__ == "__main__":
    sys.exit(_serve(Path(sys.argv[1])))
