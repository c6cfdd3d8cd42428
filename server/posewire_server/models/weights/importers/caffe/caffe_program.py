"""Translates a Caffe network into a Paddle program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posewire_server.models.weights.importers.caffe.caffe import read_caffe
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.program.layers import emit_layers, join_ends


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one .prototxt and .caffemodel of a folder and returns its outputs.

    Where nothing in the network depends on the size of the picture, that is left free.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    layers, (channels, height, width) = read_caffe(folder)
    is_fixed = any(layer.kind == "dense" for layer in layers)
    shape = (channels, height, width) if is_fixed else (channels, -1, -1)
    return join_ends(emit_layers(layers, shape, emitter), outputs, emitter)
