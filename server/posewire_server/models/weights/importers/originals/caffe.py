"""Importer of Caffe's networks: layers from the .prototxt, weights from the .caffemodel.

Source: caffe.proto of BVLC Caffe. Weights may also be those of layers of version 1 (``layers``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.originals import caffe_pb2
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME, Emitter
from posewire_server.models.weights.importers.program.import_errors import (
    find_file,
    only,
    unreadable,
    unsupported,
)
from posewire_server.models.weights.importers.program.layers import (
    Floats,
    Layer,
    emit_layers,
    join_ends,
)

MAX_CHARACTERS: Final = 4_000_000
MAX_RANK: Final = 8
MAX_WINDOW: Final = 1024

Weights = Mapping[str, tuple[Floats, ...]]
Settings = dict[str, Any]
_damaged: Final = partial(unreadable, "Caffe network")


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one .prototxt and .caffemodel of a folder and returns its outputs.

    The size of the picture is free if nothing in the network depends on it.
    """
    layers, (channels, height, width) = read_caffe(folder)
    is_fixed = any(layer.kind == "dense" for layer in layers)
    shape = (channels, height, width) if is_fixed else (channels, -1, -1)
    return join_ends(emit_layers(layers, shape, emitter), outputs, emitter)


def read_caffe(folder: Path) -> tuple[list[Layer], tuple[int, int, int]]:
    """Returns the layers of the network in a folder, and the (C, H, W) of its input.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if a file is missing or not of its format;
            WEIGHTS_UNSUPPORTED for a layer that is not known, named, or weights of another network.
    """
    try:
        text = find_file(folder, ".prototxt").read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged("the .prototxt is not a text") from error
    network = parse_prototxt(text)
    return assemble(network, read_weights(find_file(folder, ".caffemodel").read_bytes()))


def parse_prototxt(text: str) -> caffe_pb2.NetParameter:
    """Returns the network that a text describes.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if it is not of protobuf's text format, or too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise _damaged(f"the .prototxt has more than {MAX_CHARACTERS} characters")
    try:
        return text_format.Parse(text, caffe_pb2.NetParameter(), allow_unknown_field=True)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise _damaged(f"the .prototxt is not readable: {error}") from error


def assemble(
    network: caffe_pb2.NetParameter, weights: Weights
) -> tuple[list[Layer], tuple[int, int, int]]:
    """Returns the layers of a network in use, with their weights, and (C, H, W) of its input."""
    if network.layers:
        raise _unsupported("the layers are of Caffe's version 1; upgrade_net_proto_text renews it")
    used = [
        layer
        for layer in network.layer
        if not layer.include or any(rule.phase == caffe_pb2.TEST for rule in layer.include)
    ]
    inputs = [layer for layer in used if layer.type == "Input"]
    names = [*network.input, *(top for layer in inputs for top in layer.top)]
    renamed = {only("input", names): INPUT_NAME}
    layers = [_layer(layer, weights, renamed) for layer in used if layer.type != "Input"]
    shapes = [*network.input_shape, *(s for layer in inputs for s in layer.input_param.shape)]
    written = list(network.input_dim) or next((list(shape.dim) for shape in shapes), [])
    if len(written) != 4 or min(written) < 1:
        raise _damaged(f"the input has the shape {written}")
    return layers, (written[1], written[2], written[3])


def read_weights(content: bytes) -> dict[str, tuple[Floats, ...]]:
    """Returns the parameters of each layer of a .caffemodel by the layer's name.

    Raises:
        WeightsError: WEIGHTS_DAMAGED.
    """
    try:
        network = caffe_pb2.NetParameter.FromString(content)
    except DecodeError as error:
        raise _damaged("the .caffemodel is cut short or something else") from error
    del content  # 200 MB, of which the message is a copy.
    layers: list[caffe_pb2.LayerParameter | caffe_pb2.V1LayerParameter]
    layers = [*network.layers, *network.layer]
    found = {
        layer.name: tuple(_read_blob(layer.name, blob) for blob in layer.blobs)
        for layer in layers
        if layer.blobs
    }
    if not found:
        raise _damaged("the .caffemodel has no weights")
    return found


def _read_blob(layer: str, blob: caffe_pb2.BlobProto) -> Floats:
    content = blob.data
    shape = list(blob.shape.dim) or [blob.num, blob.channels, blob.height, blob.width]
    if min(shape) < 1 or len(shape) > MAX_RANK or 4 * math.prod(shape) != len(content):
        raise _damaged(f"layer {layer!r} has {len(content)} bytes of weights for {shape}")
    return np.frombuffer(content, "<f4").reshape(shape)


def _layer(source: caffe_pb2.LayerParameter, weights: Weights, renamed: Mapping[str, str]) -> Layer:
    name, kind = source.name, source.type
    bottoms = tuple(renamed.get(bottom, bottom) for bottom in source.bottom)
    top = only(f"output of layer {name!r}", source.top)
    if kind == "Pooling":
        kind = _POOLINGS.get(source.pooling_param.pool, kind)
    if kind not in _KINDS:
        return Layer(name, kind, bottoms, renamed.get(top, top))
    ours, translate_settings = _KINDS[kind]
    blobs = weights.get(name, ())
    settings = translate_settings(source)
    if "parameters" in settings:
        blobs = _check_blobs(name, blobs, settings)
    return Layer(name, ours, bottoms, renamed.get(top, top), blobs, settings)


def _check_blobs(name: str, blobs: tuple[Floats, ...], settings: Settings) -> tuple[Floats, ...]:
    outputs, count = settings["outputs"], settings["parameters"]
    if len(blobs) != count:
        raise _unsupported(
            f"layer {name!r} needs {count} arrays of weights, got {len(blobs)}; are the .prototxt "
            "and the .caffemodel of the same network?"
        )
    first, *rest = blobs
    if settings["rank"] == 2:  # Older files write the matrix as (1, 1, out, in).
        first = first.reshape(first.shape[-2:])
    if first.ndim != settings["rank"] or (outputs and first.shape[0] != outputs):
        raise _unsupported(f"layer {name!r} has weights {first.shape} for {outputs} outputs")
    if settings["rank"] == 4 and first.shape[2:] != settings["size"]:
        raise _unsupported(f"layer {name!r} has weights {first.shape}, not {settings['size']}")
    return (first, *(array.reshape(-1) for array in rest))


def _convolution(layer: caffe_pb2.LayerParameter) -> Settings:
    values = layer.convolution_param
    if values.axis != 1:
        raise unsupported(layer.name, "a convolution along another axis")
    return {
        "outputs": values.num_output,
        "parameters": 2 if values.bias_term else 1,
        "rank": 4,
        **_window(values),
        "dilations": _pair(values, "dilation", "", 1, least=1),
        "groups": values.group,
    }


def _pooling(layer: caffe_pb2.LayerParameter) -> Settings:
    if layer.pooling_param.global_pooling:
        raise unsupported(layer.name, "a pooling over the whole map")
    return {**_window(layer.pooling_param), "round_up": True}


def _window(values: Message) -> Settings:
    return {
        "size": _pair(values, "kernel_size", "kernel", 0, least=1),
        "strides": _pair(values, "stride", "stride", 1, least=1),
        "padding": _pair(values, "pad", "pad", 0, least=0),
    }


def _pair(values: Message, both: str, each: str, default: int, *, least: int) -> tuple[int, int]:
    """Returns (height, width) of a setting written once, twice, or as ``each``_h and ``each``_w."""
    written = list(getattr(values, both))
    parts = [f"{each}_h", f"{each}_w"]
    if each and not written and all(map(values.HasField, parts)):
        written = [getattr(values, part) for part in parts]
    first, last = (written or [default])[0], (written or [default])[-1]
    if len(written) > 2 or min(first, last) < least or max(first, last) > MAX_WINDOW:
        raise _damaged(f"{both} is {written}")
    return first, last


def _dense(layer: caffe_pb2.LayerParameter) -> Settings:
    values = layer.inner_product_param
    if values.transpose or values.axis != 1:
        raise unsupported(layer.name, "a transposed product, or one along another axis")
    parameters = 2 if values.bias_term else 1
    return {"outputs": values.num_output, "parameters": parameters, "rank": 2}


def _plain(layer: caffe_pb2.LayerParameter) -> Settings:
    concat, eltwise = layer.concat_param, layer.eltwise_param
    if concat.axis != 1 or concat.concat_dim != 1:
        raise unsupported(layer.name, "a concatenation of other than channels")
    if eltwise.operation != caffe_pb2.EltwiseParameter.SUM or eltwise.coeff:
        raise unsupported(layer.name, "an operation other than the plain sum")
    if layer.relu_param.negative_slope:
        raise unsupported(layer.name, "a slope of negative values; PReLU has one")
    return {}


def _unsupported(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, what)


_POOLINGS: Final = {
    caffe_pb2.PoolingParameter.AVE: "Pooling AVE",
    caffe_pb2.PoolingParameter.MAX: "Pooling MAX",
}
_KINDS: Final[Mapping[str, tuple[str, Callable[[caffe_pb2.LayerParameter], Settings]]]] = {
    "AbsVal": ("absolute", _plain),
    "Concat": ("concat", _plain),
    "Convolution": ("convolution", _convolution),
    "Dropout": ("identity", _plain),
    "Eltwise": ("sum", _plain),
    "InnerProduct": ("dense", _dense),
    "PReLU": ("prelu", lambda _: {"outputs": 0, "parameters": 1, "rank": 1}),
    "Pooling AVE": ("average_pool", _pooling),
    "Pooling MAX": ("max_pool", _pooling),
    "ReLU": ("relu", _plain),
    "Sigmoid": ("sigmoid", _plain),
    "TanH": ("tanh", _plain),
}
