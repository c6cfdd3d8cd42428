"""Translator of TensorFlow graphs to Paddle programs.

TensorFlow's tensors are (N, H, W, C); the program's are (N, C, H, W), with N free.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posewire_server.models.weights.importers.graphdef.graphdef import Node, read_graph
from posewire_server.models.weights.importers.graphdef.graphdef_operations import OPERATIONS
from posewire_server.models.weights.importers.graphdef.tfjs import read_graph_model
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.program.import_errors import (
    check_operations,
    choose_outputs,
    find_file,
    naming,
    only,
)


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one GraphDef (.pb) of a folder and returns its outputs."""
    return _translate(read_graph(find_file(folder, ".pb").read_bytes()), emitter, outputs)


def translate_graph_model(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the one TensorFlow.js graph model of a folder and returns its outputs."""
    return _translate(read_graph_model(folder), emitter, outputs)


def _translate(nodes: Sequence[Node], emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the nodes that the outputs need; none means the only node that no other reads."""
    read = {name for node in nodes for name in node.inputs}
    ends = [node.name for node in nodes if node.name not in read]
    names = choose_outputs(outputs, ends, (node.name for node in nodes))
    needed = _needed(nodes, names)
    check_operations(((node.name, node.operation) for node in needed), OPERATIONS)
    only("input", [node.name for node in needed if node.operation == "Placeholder"])
    values: dict[str, Any] = {}
    for node in needed:
        inputs = [values[name] for name in node.inputs]
        with naming(node.name):
            values[node.name] = OPERATIONS[node.operation](emitter, node, inputs)
    return [values[name] for name in names]


def _needed(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Returns the nodes without which the outputs cannot be computed, in the same order."""
    names = set(outputs)
    for node in reversed(nodes):
        if node.name in names:
            names.update(node.inputs)
    return [node for node in nodes if node.name in names]
