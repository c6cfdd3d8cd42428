"""Reads Caffe's networks: layers from the .prototxt, weights from the .caffemodel.

Source: caffe.proto of BVLC Caffe; weights of the layers of today (field 100 of NetParameter) and
those of version 1 (field 2).
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.caffe.prototxt import Table, parse
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME
from posewire_server.models.weights.importers.program.import_errors import only, unsupported
from posewire_server.models.weights.importers.program.layers import Floats, Layer
from posewire_server.models.weights.importers.program.source import find_file
from posewire_server.models.weights.importers.program.wire import Message

MAX_RANK: Final = 8
MAX_WINDOW: Final = 1024
_LAYERS, _LAYERS_V1 = 100, 2
_NAME, _BLOBS, _NAME_V1, _BLOBS_V1 = 1, 7, 4, 6

Weights = Mapping[str, tuple[Floats, ...]]
Settings = dict[str, Any]


def read_caffe(folder: Path) -> tuple[list[Layer], tuple[int, int, int]]:
    """Returns the layers of the network in a folder, and the (C, H, W) of its input.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where a file is missing or not of its format;
            WEIGHTS_UNSUPPORTED for a layer that is not known, named, or weights of another network.
    """
    try:
        text = find_file(folder, ".prototxt").read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged("the .prototxt is not a text") from error
    return assemble(parse(text), read_weights(find_file(folder, ".caffemodel").read_bytes()))


def assemble(network: Table, weights: Weights) -> tuple[list[Layer], tuple[int, int, int]]:
    """Returns the layers that a network has when it is used, with their weights."""
    tables = [table for table in network.tables("layer") if _is_used(table)]
    if network.tables("layers"):
        raise _unsupported("the layers are of Caffe's version 1; upgrade_net_proto_text renews it")
    inputs = [table for table in tables if table.text("type") == "Input"]
    names = [*network.texts("input"), *(top for table in inputs for top in table.texts("top"))]
    renamed = {only("input", names): INPUT_NAME}
    layers = [_layer(table, weights, renamed) for table in tables if table.text("type") != "Input"]
    return layers, _input_shape(network, inputs)


def read_weights(content: bytes) -> dict[str, tuple[Floats, ...]]:
    """Returns the parameters of each layer of a .caffemodel by the layer's name.

    Raises:
        WeightsError: WEIGHTS_DAMAGED.
    """
    network = Message(content)
    found = {}
    for field, name, blobs in (
        (_LAYERS_V1, _NAME_V1, _BLOBS_V1),
        (_LAYERS, _NAME, _BLOBS),
    ):
        for layer in network.messages(field):
            arrays = tuple(_read_blob(layer.text(name), blob) for blob in layer.messages(blobs))
            if arrays:
                found[layer.text(name)] = arrays
    if not found:
        raise _damaged("the .caffemodel has no weights")
    return found


def _read_blob(layer: str, blob: Message) -> Floats:
    values = blob.floats(5)
    shape = blob.message(7).integers(1) or [blob.integer(number) for number in (1, 2, 3, 4)]
    if min(shape, default=0) < 1 or len(shape) > MAX_RANK or math.prod(shape) != len(values):
        raise _damaged(f"layer {layer!r} has {len(values)} weights for the shape {shape}")
    return values.reshape(shape)


def _is_used(table: Table) -> bool:
    phases = [rule.text("phase", "TEST") for rule in table.tables("include")]
    return "TEST" in phases or not phases


def _layer(table: Table, weights: Weights, renamed: Mapping[str, str]) -> Layer:
    name, kind = table.text("name"), table.text("type")
    bottoms = tuple(renamed.get(bottom, bottom) for bottom in table.texts("bottom"))
    top = only(f"output of layer {name!r}", table.texts("top"))
    if kind == "Pooling":
        kind = f"{kind} {table.table('pooling_param').text('pool', 'MAX')}"
    if kind not in _KINDS:
        return Layer(name, kind, bottoms, renamed.get(top, top))
    ours, translate = _KINDS[kind]
    blobs = weights.get(name, ())
    settings = translate(table, name)
    if "parameters" in settings:
        blobs = _check_blobs(name, blobs, settings)
    return Layer(name, ours, bottoms, renamed.get(top, top), blobs, settings)


def _check_blobs(name: str, blobs: tuple[Floats, ...], settings: Settings) -> tuple[Floats, ...]:
    outputs, count = settings["outputs"], settings["parameters"]
    if len(blobs) != count or len(blobs[0].reshape(-1)) == 0:
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


def _convolution(table: Table, name: str) -> Settings:
    values = table.table("convolution_param")
    if values.text("axis", "1") != "1":
        raise unsupported(name, "a convolution along another axis")
    return {
        "outputs": values.integer("num_output"),
        "parameters": 1 if values.text("bias_term") == "false" else 2,
        "rank": 4,
        "size": _pair(values, "kernel_size", "kernel", 0, least=1),
        "strides": _pair(values, "stride", "stride", 1, least=1),
        "padding": _pair(values, "pad", "pad", 0, least=0),
        "dilations": _pair(values, "dilation", "dilation", 1, least=1),
        "groups": values.integer("group", 1),
    }


def _pooling(table: Table, name: str) -> Settings:
    values = table.table("pooling_param")
    if values.text("global_pooling") == "true":
        raise unsupported(name, "a pooling over the whole map")
    return {
        "size": _pair(values, "kernel_size", "kernel", 0, least=1),
        "strides": _pair(values, "stride", "stride", 1, least=1),
        "padding": _pair(values, "pad", "pad", 0, least=0),
        "round_up": True,
    }


def _dense(table: Table, name: str) -> Settings:
    values = table.table("inner_product_param")
    if values.text("transpose") == "true" or values.integer("axis", 1) != 1:
        raise unsupported(name, "a transposed product, or one along another axis")
    parameters = 1 if values.text("bias_term") == "false" else 2
    return {"outputs": values.integer("num_output"), "parameters": parameters, "rank": 2}


def _concat(table: Table, name: str) -> Settings:
    values = table.table("concat_param")
    if values.integer("axis", 1) != 1 or values.integer("concat_dim", 1) != 1:
        raise unsupported(name, "a concatenation of other than channels")
    return {}


def _relu(table: Table, name: str) -> Settings:
    if float(table.table("relu_param").text("negative_slope", "0")) != 0.0:
        raise unsupported(name, "a slope of negative values; PReLU has one")
    return {}


def _eltwise(table: Table, name: str) -> Settings:
    values = table.table("eltwise_param")
    if values.text("operation", "SUM") not in ("SUM", "1") or values.texts("coeff"):
        raise unsupported(name, "an operation other than the plain sum")
    return {}


def _prelu(_: Table, __: str) -> Settings:
    return {"outputs": 0, "parameters": 1, "rank": 1}


def _plain(_: Table, __: str) -> Settings:
    return {}


def _pair(values: Table, both: str, each: str, default: int, *, least: int) -> tuple[int, int]:
    """Returns (height, width) of a setting written once, twice, or as ``each``_h and ``each``_w."""
    written = values.integers(both)
    height, width = values.integers(f"{each}_h"), values.integers(f"{each}_w")
    if height and width and not written:
        written = [height[-1], width[-1]]
    first, last = (written or [default])[0], (written or [default])[-1]
    if len(written) > 2 or min(first, last) < least or max(first, last) > MAX_WINDOW:
        raise _damaged(f"{both} is {written}")
    return first, last


def _input_shape(network: Table, inputs: list[Table]) -> tuple[int, int, int]:
    """Returns (C, H, W) as declared."""
    shapes = [
        network.integers("input_dim"),
        network.table("input_shape").integers("dim"),
        *(table.table("input_param").table("shape").integers("dim") for table in inputs),
    ]
    written = next((shape for shape in shapes if shape), [])
    if len(written) != 4 or min(written) < 1:
        raise _damaged(f"the input has the shape {written}")
    return written[1], written[2], written[3]


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable Caffe network: {what}")


def _unsupported(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, what)


_KINDS: Final[Mapping[str, tuple[str, Callable[[Table, str], Settings]]]] = {
    "AbsVal": ("absolute", _plain),
    "Concat": ("concat", _concat),
    "Convolution": ("convolution", _convolution),
    "Dropout": ("identity", _plain),
    "Eltwise": ("sum", _eltwise),
    "InnerProduct": ("dense", _dense),
    "PReLU": ("prelu", _prelu),
    "Pooling AVE": ("average_pool", _pooling),
    "Pooling MAX": ("max_pool", _pooling),
    "ReLU": ("relu", _relu),
    "Sigmoid": ("sigmoid", _plain),
    "TanH": ("tanh", _plain),
}
