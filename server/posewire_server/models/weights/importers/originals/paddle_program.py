"""Importer of Paddle's own networks of the older format.

They are translated rather than loaded: a program may hold operations that write files, older ones
are not loaded by Paddle of today, and some engines answer wrongly for a product after a reshape.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from posewire_server.models.weights.importers.originals.paddle_network import (
    PaddleNetwork,
    ProgramNode,
    read_paddle,
)
from posewire_server.models.weights.importers.program.emitter import INPUT_NAME, Emitter
from posewire_server.models.weights.importers.program.import_errors import (
    check_operations,
    naming,
    only,
    unsupported,
)
from posewire_server.models.weights.importers.program.layers import (
    Floats,
    Layer,
    emit_layers,
    join_ends,
)


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one network of a folder and returns its outputs."""
    network = read_paddle(folder)
    fed = only("input", [_output(node) for node in network.nodes if node.operation == "feed"])
    shape = network.shapes.get(fed, ())
    if len(shape) != 4:
        raise unsupported(fed, f"the shape {shape}; an input is (N, C, H, W)")
    ends = [node.inputs["X"][0] for node in network.nodes if node.operation == "fetch"]
    tensors = emit_layers(make_layers(network), shape[1:], emitter, ends)
    return join_ends(tensors, outputs, emitter)


def make_layers(network: PaddleNetwork) -> list[Layer]:
    """Returns the layers that a network's operations amount to.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED for an operation that is not known, named.
    """
    maker = _Maker(network.parameters)
    check_operations(((_output(node), node.operation) for node in network.nodes), _OPERATIONS)
    for node in network.nodes:
        with naming(_output(node)):
            _OPERATIONS[node.operation](maker, node)
    return maker.layers


class _Maker:
    """Layers under construction, and parameters, of which operations may make others."""

    def __init__(self, parameters: Mapping[str, Floats]) -> None:
        self.layers: list[Layer] = []
        self._parameters = dict(parameters)

    def feed(self, node: ProgramNode) -> None:
        self._add(node, "identity", (INPUT_NAME,))

    def convolution(self, node: ProgramNode) -> None:
        if any(node.get("output_padding", [])) or node.get("output_size", []):
            raise unsupported(_output(node), "a size of its own")
        slots = ("Filter", "Bias") if node.inputs.get("Bias") else ("Filter",)
        weights = tuple(self._parameter(node, slot) for slot in slots)
        settings = {
            "strides": tuple(node.get("strides", [])),
            "padding": _padding(node),
            "dilations": tuple(node.get("dilations", []) or (1, 1)),
            "groups": node.get("groups", 1),
        }
        self._add(node, _CONVOLUTIONS[node.operation], node.inputs["Input"], *weights, **settings)

    def normalisation(self, node: ProgramNode) -> None:
        mean, variance, scale, bias = (
            self._parameter(node, slot) for slot in ("Mean", "Variance", "Scale", "Bias")
        )
        factor = scale / np.sqrt(variance + np.float32(node.get("epsilon", 1e-5)))
        self._affine(node, factor, bias - mean * factor)

    def pool(self, node: ProgramNode) -> None:
        kind = {"max": "max_pool", "avg": "average_pool"}.get(node.get("pooling_type", ""), "")
        if not kind or node.get("global_pooling", False) or node.get("adaptive", False):
            raise unsupported(_output(node), "a pooling other than over windows")
        settings = {
            "size": tuple(node.get("ksize", [])),
            "strides": tuple(node.get("strides", [])),
            "padding": _padding(node),
            "round_up": node.get("ceil_mode", False),
        }
        self._add(node, kind, node.inputs["X"], **settings)

    def add(self, node: ProgramNode) -> None:
        x, y = node.inputs["X"][0], node.inputs["Y"][0]
        if y not in self._parameters:
            self._add(node, "sum", (x, y))
        else:
            self._add(node, "bias", (x,), self._per_channel(node, y))

    def multiply(self, node: ProgramNode) -> None:
        factor = self._per_channel(node, node.inputs["Y"][0])
        self._add(node, "scale", node.inputs["X"][:1], factor)

    def scale(self, node: ProgramNode) -> None:
        factor, bias = node.get("scale", 1.0), node.get("bias", 0.0)
        if not node.get("bias_after_scale", True):
            bias *= factor
        self._affine(node, np.array([factor], np.float32), np.array([bias], np.float32))

    def product(self, node: ProgramNode) -> None:
        is_x_transposed = node.get("trans_x", False) or node.get("transpose_X", False)
        if is_x_transposed or node.get("x_num_col_dims", 1) > 1:
            raise unsupported(_output(node), "a product of other than rows with weights")
        matrix = self._parameter(node, "Y")
        is_transposed = node.get("trans_y", False) or node.get("transpose_Y", False)
        weights = matrix if is_transposed else np.ascontiguousarray(matrix.T)
        self._add(node, "dense", node.inputs["X"], weights * node.get("alpha", 1.0))

    def flatten(self, node: ProgramNode) -> None:
        if node.get("axis", node.get("start_axis", 1)) != 1:
            raise unsupported(_output(node), "a flattening that joins pictures")
        self._add(node, "identity", node.inputs["X"])

    def reshape(self, node: ProgramNode) -> None:
        """Of a parameter; of a tensor only to rows, which products take as they are."""
        source, shape = node.inputs["X"][0], node.get("shape", [])
        if any(node.inputs.get(slot) for slot in ("Shape", "ShapeTensor")):
            raise unsupported(_output(node), "a shape that is computed")
        if source in self._parameters:
            self._parameters[_output(node)] = self._parameters[source].reshape(shape)
        elif len(shape) >= 2 and shape[0] in (0, -1) and all(size == 1 for size in shape[2:]):
            self._add(node, "identity", (source,))
        else:
            raise unsupported(_output(node), f"a reshape to {shape}; only rows are")

    def prelu(self, node: ProgramNode) -> None:
        if node.get("mode", "all") == "element":
            raise unsupported(_output(node), "a slope for each element")
        self._add(node, "prelu", node.inputs["X"], self._parameter(node, "Alpha"))

    def leaky_relu(self, node: ProgramNode) -> None:
        slope = np.array([node.get("alpha", 0.02)], np.float32)
        self._add(node, "prelu", node.inputs["X"], slope)

    def dropout(self, node: ProgramNode) -> None:
        kind = node.get("dropout_implementation", "downgrade_in_infer")
        kept = 1.0 - node.get("dropout_prob", 0.5) if kind == "downgrade_in_infer" else 1.0
        self._add(node, "scale", node.inputs["X"], np.array([kept], np.float32))

    def concat(self, node: ProgramNode) -> None:
        if node.inputs.get("AxisTensor"):
            raise unsupported(_output(node), "an axis that is computed")
        self._add(node, "concat", node.inputs["X"], axis=node.get("axis", 0))

    def same(self, node: ProgramNode) -> None:
        self._add(node, _SAME[node.operation], node.inputs["X"])

    def _affine(self, node: ProgramNode, factor: Floats, bias: Floats) -> None:
        name = _output(node)
        scaled = Layer(name, "scale", node.inputs["X"], f"{name}.scaled", (factor,))
        self.layers += [scaled, Layer(name, "bias", (scaled.output,), name, (bias,))]

    def _add(
        self,
        node: ProgramNode,
        kind: str,
        inputs: tuple[str, ...],
        *weights: Floats,
        **settings: Any,
    ) -> None:
        name = _output(node)
        self.layers.append(Layer(name, kind, inputs, name, weights, settings))

    def _parameter(self, node: ProgramNode, slot: str) -> Floats:
        name = only(f"{slot} of {_output(node)!r}", node.inputs.get(slot, ()))
        if name not in self._parameters:
            raise unsupported(_output(node), f"a {slot} that is computed")
        return self._parameters[name]

    def _per_channel(self, node: ProgramNode, name: str) -> Floats:
        values = self._parameters.get(name)
        if values is None or max(values.shape, default=1) != values.size:
            raise unsupported(_output(node), "a second tensor that is not one number a channel")
        return values.reshape(-1)


_CONVOLUTIONS: Final = {
    "conv2d": "convolution",
    "conv2d_transpose": "transposed_convolution",
    "depthwise_conv2d": "convolution",
}
_SAME: Final = {
    "abs": "absolute",
    "assign": "identity",
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
}
_OPERATIONS: Final[Mapping[str, Callable[[_Maker, ProgramNode], None]]] = {
    **dict.fromkeys(_SAME, _Maker.same),
    **dict.fromkeys(_CONVOLUTIONS, _Maker.convolution),
    "batch_norm": _Maker.normalisation,
    "concat": _Maker.concat,
    "dropout": _Maker.dropout,
    "elementwise_add": _Maker.add,
    "elementwise_mul": _Maker.multiply,
    "feed": _Maker.feed,
    "fetch": lambda _, __: None,
    "flatten": _Maker.flatten,
    "flatten2": _Maker.flatten,
    "flatten_contiguous_range": _Maker.flatten,
    "leaky_relu": _Maker.leaky_relu,
    "matmul": _Maker.product,
    "matmul_v2": _Maker.product,
    "mul": _Maker.product,
    "pool2d": _Maker.pool,
    "prelu": _Maker.prelu,
    "reshape": _Maker.reshape,
    "reshape2": _Maker.reshape,
    "scale": _Maker.scale,
}


def _padding(node: ProgramNode) -> tuple[int, int]:
    """Returns the padding of (height, width), the same on both sides."""
    algorithm = node.get("padding_algorithm", "EXPLICIT")
    values = [0, 0] if algorithm == "VALID" else node.get("paddings", [])
    if len(values) == 4 and values[::2] == values[1::2]:
        values = values[::2]
    if algorithm == "SAME" or len(values) != 2 or node.get("data_format", "NCHW") == "NHWC":
        raise unsupported(_output(node), f"the padding {algorithm} {values}, or another layout")
    return values[0], values[1]


def _output(node: ProgramNode) -> str:
    for slot in ("Out", "Output", "Y"):
        if node.outputs.get(slot):
            return node.outputs[slot][0]
    return node.operation
