"""Lists of layers: what is refused before Paddle sees it, and how two ends become one output."""

from types import SimpleNamespace
from typing import cast

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.program.layers import Layer, emit_layers, join_ends


class Recorder:
    """An emitter whose tensors are their own shapes."""

    def input(self, shape: tuple[int, ...]) -> SimpleNamespace:
        return SimpleNamespace(shape=(-1, *shape), name="image")

    def relu(self, x: SimpleNamespace) -> SimpleNamespace:
        return SimpleNamespace(shape=x.shape, name=f"relu({x.name})")

    def concat(self, tensors: list[SimpleNamespace]) -> SimpleNamespace:
        names = ", ".join(tensor.name for tensor in tensors)
        channels = sum(tensor.shape[1] for tensor in tensors)
        return SimpleNamespace(shape=(-1, channels, -1, -1), name=f"concat({names})")


EMITTER = cast("Emitter", Recorder())


def test_emit_layers_returns_the_ends_under_their_last_name() -> None:
    layers = [
        Layer("a", "relu", ("image",), "x"),
        Layer("b", "relu", ("x",), "x"),  # In place.
        Layer("c", "relu", ("image",), "y"),
        Layer("d", "concat", ("x", "image"), "z"),
    ]
    ends = emit_layers(layers, (3, -1, -1), EMITTER)
    assert {name: end.name for name, end in ends.items()} == {
        "y": "relu(image)",
        "z": "concat(relu(relu(image)), image)",
    }


def test_join_ends_puts_the_heatmaps_first() -> None:
    ends = {
        "fields": SimpleNamespace(shape=(-1, 38, -1, -1), name="fields"),
        "heat": SimpleNamespace(shape=(-1, 19, -1, -1), name="heat"),
    }
    (joined,) = join_ends(ends, (), EMITTER)
    assert joined.name == "concat(heat, fields)"
    assert [end.name for end in join_ends(ends, ("fields", "heat"), EMITTER)] == ["fields", "heat"]


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Layer("a", "spp", ("image",), "x"), "node 'a' has the operation 'spp'"),
        (Layer("a", "relu", ("nobody",), "x"), r"\['nobody'\]"),
        (Layer("a", "relu", (), "x"), "inputs that no layer"),
        (Layer("a", "concat", ("image",), "x", (), {"axis": 2}), "axis 2"),
        (Layer("a", "dense", ("image",), "x"), "inputs that do not fit"),
    ],
)
def test_emit_layers_refuses_and_names_the_layer(layer: Layer, said: str) -> None:
    with pytest.raises(WeightsError, match=said) as caught:
        emit_layers([layer], (3, -1, -1), EMITTER)
    assert caught.value.reason == "WEIGHTS_UNSUPPORTED"


def test_emit_layers_end_that_nothing_makes_is_refused() -> None:
    with pytest.raises(WeightsError, match="'gone'"):
        emit_layers([Layer("a", "relu", ("image",), "x")], (3, -1, -1), EMITTER, ["gone"])
