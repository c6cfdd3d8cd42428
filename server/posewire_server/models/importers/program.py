"""Writes a TensorFlow graph as a Paddle program of the older format (.pdmodel and .pdiparams).

The older format, because the OpenVINO engine of Paddle Inference takes only that one. TensorFlow's
tensors are (N, H, W, C); the program's are (N, C, H, W), with H and W free.

Run as a process of its own, ``python -m posewire_server.models.importers.program SOURCE PREFIX``:
it switches Paddle to static graphs, which must not reach the server.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from posewire_server.errors import PosewireError, WeightsError
from posewire_server.models.child import answer
from posewire_server.models.importers.graphdef import Node, read_graph

VERSION: Final = 1
INPUT_NAME: Final = "image"

# The axis of (N, C, H, W) for each axis of (N, H, W, C).
_AXES: Final = {0: 0, 1: 2, 2: 3, 3: 1, -1: 1, -2: 3, -3: 2, -4: 0}

Array = npt.NDArray[np.generic]


class Program:
    """The program under construction: one method for each kind of operation.

    Tensors are variables of Paddle, constants stay NumPy arrays until an operation needs them.
    """

    def __init__(self, paddle: Any) -> None:
        self._paddle = paddle
        self._functional = paddle.nn.functional

    def placeholder(self, _node: Node, _inputs: list[Any]) -> Any:
        """An image (N, 3, H, W) with N, H and W free."""
        return self._paddle.static.data(INPUT_NAME, [-1, 3, -1, -1], "float32")

    def constant(self, node: Node, _inputs: list[Any]) -> Array:
        """The value itself."""
        return node.constant()

    def identity(self, _node: Node, inputs: list[Any]) -> Any:
        """What was put in."""
        return inputs[0]

    def conv2d(self, node: Node, inputs: list[Any]) -> Any:
        """Filters (h, w, in, out) become (out, in, h, w)."""
        x, filters = inputs
        return self._convolve(node, x, filters.transpose(3, 2, 0, 1), groups=1)

    def depthwise_conv2d(self, node: Node, inputs: list[Any]) -> Any:
        """Filters (h, w, channels, multiplier) become (channels * multiplier, 1, h, w)."""
        x, filters = inputs
        height, width, channels, multiplier = filters.shape
        shape = (channels * multiplier, 1, height, width)
        return self._convolve(node, x, filters.transpose(2, 3, 0, 1).reshape(shape), channels)

    def bias_add(self, _node: Node, inputs: list[Any]) -> Any:
        """One number for each channel."""
        x, bias = inputs
        return self._paddle.add(x, self._parameter(bias.reshape(1, -1, 1, 1)))

    def relu(self, _node: Node, inputs: list[Any]) -> Any:
        """max(x, 0)."""
        return self._functional.relu(inputs[0])

    def concat(self, _node: Node, inputs: list[Any]) -> Any:
        """The last input is the axis."""
        return self._paddle.concat(inputs[:-1], axis=_AXES[int(inputs[-1])])

    def max_pool(self, node: Node, inputs: list[Any]) -> Any:
        """The maximum over windows."""
        size, stride = _spatial(node, "ksize"), _spatial(node, "strides")
        return self._functional.max_pool2d(inputs[0], size, stride, _padding(node))

    def _convolve(self, node: Node, x: Any, filters: Array, groups: int) -> Any:
        if x.shape[1] != filters.shape[1] * groups:  # Paddle would find out in the first run.
            raise _unsupported(node, f"filters {filters.shape} on {x.shape[1]} channels")
        return self._functional.conv2d(
            x,
            self._parameter(filters),
            stride=_spatial(node, "strides"),
            padding=_padding(node),
            dilation=_spatial(node, "dilations"),
            groups=groups,
        )

    def _parameter(self, value: Array) -> Any:
        initial = self._paddle.nn.initializer.Assign(np.ascontiguousarray(value))
        return self._paddle.static.create_parameter(
            list(value.shape), str(value.dtype), default_initializer=initial
        )


_OPERATIONS: Final[Mapping[str, Callable[[Program, Node, list[Any]], Any]]] = {
    "BiasAdd": Program.bias_add,
    "ConcatV2": Program.concat,
    "Const": Program.constant,
    "Conv2D": Program.conv2d,
    "DepthwiseConv2dNative": Program.depthwise_conv2d,
    "Identity": Program.identity,
    "MaxPool": Program.max_pool,
    "Placeholder": Program.placeholder,
    "Relu": Program.relu,
}


def write_program(source: Path, prefix: Path) -> None:
    """Imports a GraphDef file and writes ``prefix``.pdmodel and ``prefix``.pdiparams.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    nodes = read_graph(source.read_bytes())
    check_operations(nodes)

    import paddle
    from paddle.pir_utils import OldIrGuard

    static: Any = paddle.static
    with OldIrGuard(), static.program_guard(static.Program(), static.Program()):
        image, output = _translate(nodes, Program(paddle))
        executor = static.Executor(paddle.CPUPlace())
        executor.run(static.default_startup_program())
        static.save_inference_model(str(prefix), [image], [output], executor)


def check_operations(nodes: list[Node]) -> None:
    """Raises WeightsError, WEIGHTS_UNSUPPORTED, where a node cannot be translated."""
    for node in nodes:
        if node.operation not in _OPERATIONS:
            known = ", ".join(sorted(_OPERATIONS))
            raise _unsupported(
                node,
                f"the operation {node.operation!r}; known are {known}. Freeze the graph for "
                "inference (fold batch normalisation, drop training nodes) or use the model's "
                "default weights",
            )


def _translate(nodes: list[Node], program: Program) -> tuple[Any, Any]:
    """Returns the input and the output of the whole graph."""
    input_name, output_name = _input_name(nodes), _output_name(nodes)
    values: dict[str, Any] = {}
    for node in nodes:
        inputs = [values[name] for name in node.inputs]
        try:
            values[node.name] = _OPERATIONS[node.operation](program, node, inputs)
        except PosewireError:
            raise
        except Exception as error:  # Paddle raises many kinds where shapes do not fit.
            raise _unsupported(node, f"inputs that do not fit: {error}") from error
    return values[input_name], values[output_name]


def _input_name(nodes: list[Node]) -> str:
    names = [node.name for node in nodes if node.operation == "Placeholder"]
    return _only("input", names)


def _output_name(nodes: list[Node]) -> str:
    read = {name for node in nodes for name in node.inputs}
    return _only("output", [node.name for node in nodes if node.name not in read])


def _only(kind: str, names: list[str]) -> str:
    if len(names) != 1:
        raise WeightsError("WEIGHTS_UNSUPPORTED", f"the graph has {len(names)} {kind}s: {names}")
    return names[0]


def _spatial(node: Node, name: str) -> list[int]:
    """Returns the height and width of an attribute over (N, H, W, C)."""
    values = node.integers(name) or [1, 1, 1, 1]
    if len(values) != 4 or values[0] != 1 or values[3] != 1:
        raise _unsupported(node, f"{name} {values}; only height and width may differ from 1")
    return values[1:3]


def _padding(node: Node) -> str:
    padding = node.text("padding", "")
    if padding not in ("SAME", "VALID") or node.text("data_format", "NHWC") != "NHWC":
        raise _unsupported(node, "a padding other than SAME and VALID, or a layout other than NHWC")
    return padding


def _unsupported(node: Node, what: str) -> WeightsError:
    return WeightsError("WEIGHTS_UNSUPPORTED", f"node {node.name!r} has {what}", node=node.name)


def _main(source: str, prefix: str) -> dict[str, int]:
    write_program(Path(source), Path(prefix))
    return {"version": VERSION}


if __name__ == "__main__":
    answer(lambda: _main(*sys.argv[1:]))
