"""Cache of models, each one or several networks of a store."""

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.manifest import StoredNetwork
from posewire_server.models.weights.network_store import CheckEngines, NetworkStore
from posewire_server.models.weights.package_manager import Progress, silent


@dataclass(frozen=True)
class StoredModel:
    """A model whose networks are all in the cache, in the order of its spec."""

    spec: ModelSpec
    networks: tuple[StoredNetwork, ...]

    @property
    def version(self) -> str:
        """Changes with the weights of any network, their importer and Paddle."""
        versions = [network.version for network in self.networks]
        if len(versions) == 1:
            return versions[0]
        return hashlib.sha256(" ".join(versions).encode()).hexdigest()[:16]


class ModelCache:
    """The models of a cache folder, made of the networks in its store."""

    def __init__(self, root: Path, check: CheckEngines) -> None:
        self.store = NetworkStore(root, check)

    def find(self, spec: ModelSpec) -> StoredModel | None:
        """Returns a model; None if one of its networks has not been pulled.

        Raises:
            WeightsError: WEIGHTS_DAMAGED.
        """
        found = [self.store.find(network) for network in spec.networks]
        networks = tuple(network for network in found if network is not None)
        return StoredModel(spec, networks) if len(networks) == len(found) else None

    def pull(
        self, spec: ModelSpec, progress: Progress = silent, *, force: bool = False
    ) -> StoredModel:
        """Returns a model, after pulling the networks that the cache lacks, with ``force`` all.

        Raises:
            WeightsError, EngineError: As ``NetworkStore.pull``.
        """
        with tempfile.TemporaryDirectory(prefix="posewire-") as folder:
            pull = partial(self.store.pull, progress=progress, force=force, downloads=Path(folder))
            return StoredModel(spec, tuple(map(pull, spec.networks)))

    def verify(self, spec: ModelSpec, progress: Progress = silent) -> StoredModel:
        """Proves the files of a model and checks every engine of this machine again.

        Raises:
            WeightsError: WEIGHTS_UNAVAILABLE, or as ``NetworkStore.verify``.
        """
        if self.find(spec) is None:
            text = f"{spec.name} is not in the cache; run `posewire-server models pull {spec.name}`"
            raise WeightsError(LocalReason.WEIGHTS_UNAVAILABLE, text, model=spec.name)
        verify = partial(self.store.verify, progress=progress)
        return StoredModel(spec, tuple(map(verify, spec.networks)))

    def remove(self, spec: ModelSpec, kept: Sequence[ModelSpec] = ()) -> int:
        """Removes a model's networks, but for those of ``kept``; returns the bytes set free."""
        shared = {network.name for other in kept for network in other.networks}
        own = [network for network in spec.networks if network.name not in shared]
        return sum(self.store.remove(network) for network in own)

    def size_bytes(self, spec: ModelSpec) -> int:
        """Returns the bytes a model takes in the cache."""
        size = 0
        for network in spec.networks:
            with suppress(OSError):
                size += self.store.size_bytes(network)
        return size
