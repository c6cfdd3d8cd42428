"""Real networks that count what they are run on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network, Networks
from posewire_server.inference.engine.predictor import Array, Predictor
from posewire_server.models.catalog.spec import NetworkSpec
from posewire_server.models.weights.network_store import NetworkStore


class CountedNetworks(Mapping[str, Network]):
    """Networks by name; ``runs`` and ``inputs`` count since they were last cleared."""

    def __init__(self, specs: Sequence[NetworkSpec], store: NetworkStore) -> None:
        self.runs: Counter[str] = Counter()
        self.inputs: Counter[str] = Counter()
        self._loaded: dict[str, Network] = {}
        for spec in specs:
            loader = Networks(EngineConfig(), lambda it, name=spec.name: _Counted(it, name, self))
            self._loaded[spec.name], _ = loader.load(store.pull(spec))

    def __getitem__(self, name: str) -> Network:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


class _Counted:
    def __init__(self, predictor: Predictor, name: str, counts: CountedNetworks) -> None:
        self._predictor, self._name, self._counts = predictor, name, counts

    def run(self, inputs: Array) -> list[Array]:
        self._counts.runs[self._name] += 1
        self._counts.inputs[self._name] += len(inputs)
        return self._predictor.run(inputs)
