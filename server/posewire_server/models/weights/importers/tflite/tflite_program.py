"""Translator of TensorFlow Lite networks to Paddle programs.

TensorFlow Lite's maps are (N, H, W, C); the program's are (N, C, H, W). Tensors of other ranks keep
their order. The batch is free, whatever the file says.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.program.import_errors import (
    check_operations,
    choose_outputs,
    find_file,
    naming,
    only,
    unsupported,
)
from posewire_server.models.weights.importers.tflite.tflite import Graph, Operator, read_graph
from posewire_server.models.weights.importers.tflite.tflite_operations import OPERATIONS
from posewire_server.models.weights.importers.tflite.tflite_step import MAPS, Padded, Step, Value


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one TensorFlow Lite file of a folder and returns its outputs.

    Outputs that are maps of one pixel, (N, 1, 1, C), become (N, C).
    """
    graph = read_graph(find_file(folder, ".tflite").read_bytes())
    numbers = _choose(graph, outputs)
    operators = _needed(graph, numbers)
    check_operations(((_name(graph, each), each.operation) for each in operators), OPERATIONS)
    values = _emit(graph, operators, emitter)
    return [_flatten(emitter, _whole(emitter, values, number)) for number in numbers]


def _choose(graph: Graph, outputs: Sequence[str]) -> list[int]:
    """Returns the numbers of the outputs; ends of the graph win if names are equal."""
    computed = [number for operator in graph.operators for number in operator.outputs]
    known = {graph.tensors[number].name: number for number in [*computed, *graph.outputs]}
    ends = [graph.tensors[number].name for number in graph.outputs]
    return [known[name] for name in choose_outputs(outputs, ends, known)]


def _needed(graph: Graph, numbers: Sequence[int]) -> list[Operator]:
    """Returns the operators without which the outputs cannot be computed, in the same order."""
    wanted = set(numbers)
    needed = []
    for operator in reversed(graph.operators):
        if wanted.intersection(operator.outputs):
            wanted.update(operator.inputs)
            needed.append(operator)
    return needed[::-1]


def _emit(graph: Graph, operators: Sequence[Operator], emitter: Emitter) -> dict[int, Value]:
    only("input", [graph.tensors[number].name for number in graph.inputs])
    image = graph.tensors[graph.inputs[0]]
    if len(image.shape) != MAPS or image.shape[0] != 1:
        text = f"an input of {image.shape}; only one image (1, H, W, C) is known"
        raise unsupported(image.name, text)
    _, height, width, channels = image.shape
    values: dict[int, Value] = {graph.inputs[0]: emitter.input((channels, height, width))}
    for operator in operators:
        name = _name(graph, operator)
        with naming(name):
            inputs = [_read(graph, values, emitter, operator, i) for i in operator.inputs]
            shapes = tuple(graph.tensors[i].shape if i >= 0 else () for i in operator.inputs)
            (number,) = operator.outputs
            step = Step(name, emitter, operator, shapes, graph.tensors[number].shape)
            values[number] = OPERATIONS[operator.operation](step, inputs)
            _check_shape(step, values[number])
    return values


def _read(
    graph: Graph, values: dict[int, Value], emitter: Emitter, operator: Operator, number: int
) -> Value:
    if number < 0:
        return None
    if number not in values:
        values[number] = graph.tensors[number].value()
    if operator.operation in ("CONV_2D", "DEPTHWISE_CONV_2D"):  # They take the padding themselves.
        return values[number]
    return _whole(emitter, values, number)


def _whole(emitter: Emitter, values: dict[int, Value], number: int) -> Value:
    """Returns a value after adding the padding that waits for it."""
    value = values[number]
    if isinstance(value, Padded):
        value = values[number] = emitter.pad(value.tensor, value.channels, value.edges)
    return value


def _check_shape(step: Step, value: Value) -> None:
    if isinstance(value, np.ndarray):
        return
    size, found = step.shape[1:], tuple(value.shape[1:])
    expected = (size[-1], *size[:-1]) if len(step.shape) == MAPS else size
    if found != expected:
        raise unsupported(step.name, f"an output of {found}, but the file says {step.shape}")


def _flatten(emitter: Emitter, value: Any) -> Any:
    is_pixel = len(value.shape) == MAPS and tuple(value.shape[2:]) == (1, 1)
    return emitter.reshape(value, (-1, value.shape[1])) if is_pixel else value


def _name(graph: Graph, operator: Operator) -> str:
    return graph.tensors[operator.outputs[0]].name
