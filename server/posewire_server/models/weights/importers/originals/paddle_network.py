"""Reader of Paddle's networks of the older format, a program and its parameters, without Paddle.

The files are .pdmodel and .pdiparams, or as PaddlePaddle 1 wrote them: __model__ and __params__,
model and params, or __model__ with one file for each parameter.

Source: framework.proto of Paddle (ProgramDesc) and its stream of tensors.
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from google.protobuf.message import DecodeError, Message

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.originals import paddle_pb2
from posewire_server.models.weights.importers.program.import_errors import unreadable
from posewire_server.models.weights.importers.program.layers import Floats

MAX_RANK: Final = 8
# The values of VarType.Type in framework.proto.
_DTYPES: Final[Mapping[int, str]] = {2: "<i4", 3: "<i8", 4: "<f2", 5: "<f4", 6: "<f8"}
_DENSE_TENSOR: Final = 7
_PAIRS: Final = ((".pdmodel", ".pdiparams"), ("__model__", "__params__"), ("model", "params"))

Slots = Mapping[str, tuple[str, ...]]
_Message = TypeVar("_Message", bound=Message)
_damaged: Final = partial(unreadable, "Paddle network")


@dataclass(frozen=True)
class ProgramNode:
    """One operation of the program: OpDesc.

    Attributes:
        operation: For instance ``conv2d``.
        inputs, outputs: Names of tensors by slot, for instance ``Filter``.
        attributes: Values by name; lists and texts that are empty are left out.
    """

    operation: str
    inputs: Slots
    outputs: Slots
    attributes: Mapping[str, Any]

    def get(self, name: str, default: Any) -> Any:
        """Returns the value of an attribute: a number, a text, a truth value or a list."""
        return self.attributes.get(name, default)


@dataclass(frozen=True)
class PaddleNetwork:
    """A program, its nodes in the order they run; in shapes of tensors, -1 is a free size."""

    nodes: tuple[ProgramNode, ...]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Floats]


def read_paddle(folder: Path) -> PaddleNetwork:
    """Returns the network in a folder.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the files are missing, cut short or of another format;
            WEIGHTS_UNSUPPORTED for parameters of a type that is not known.
    """
    program, parameters = _find_pair(folder)
    blocks = _parse(paddle_pb2.ProgramDesc, program.read_bytes()).blocks
    if len(blocks) != 1:
        raise _damaged(f"the program has {len(blocks)} blocks; loops and branches are not read")
    names, shapes = [], {}
    for variable in blocks[0].vars:
        shapes[variable.name] = tuple(variable.type.lod_tensor.tensor.dims)
        if variable.persistable and variable.type.type == _DENSE_TENSOR:
            names.append(variable.name)
    nodes = tuple(_read_node(operation) for operation in blocks[0].ops)
    if not nodes:
        raise _damaged("the program has no operations")
    return PaddleNetwork(nodes, shapes, _read_parameters(parameters, folder, sorted(names)))


def _find_pair(folder: Path) -> tuple[Path, Path | None]:
    """Returns the program and the parameters; None for parameters in a file each."""
    files = [path for path in folder.iterdir() if path.is_file()]
    for program_ending, parameters_ending in _PAIRS:
        pairs = [
            (path, path.with_name(path.name.removesuffix(program_ending) + parameters_ending))
            for path in files
            if path.name.endswith(program_ending)
        ]
        found = [pair for pair in pairs if pair[1] in files]
        if len(found) == 1:
            return found[0]
    if folder / "__model__" in files:
        return folder / "__model__", None
    names = ", ".join(sorted(path.name for path in files)) or "nothing"
    raise _damaged(f"expected one program with its parameters, got {names}")


def _parse(kind: type[_Message], content: bytes) -> _Message:
    try:
        return kind.FromString(content)
    except DecodeError as error:
        raise _damaged("it is cut short or something else") from error


def _read_node(operation: paddle_pb2.OpDesc) -> ProgramNode:
    inputs, outputs = (
        {slot.parameter: tuple(slot.arguments) for slot in slots}
        for slots in (operation.inputs, operation.outputs)
    )
    attributes = {
        attribute.name: list(value) if field.is_repeated else value
        for attribute in operation.attrs
        for field, value in attribute.ListFields()
        if field.name != "name" and value != ""
    }
    return ProgramNode(operation.type, inputs, outputs, attributes)


def _read_parameters(path: Path | None, folder: Path, names: list[str]) -> dict[str, Floats]:
    if path is not None:
        tensors = list(_read_stream(memoryview(path.read_bytes()), len(names)))
        return dict(zip(names, tensors, strict=True))
    found = {}
    for name in names:
        if "/" in name or "\\" in name or not (folder / name).is_file():
            raise _damaged(f"the parameter {name!r} has no file")
        (found[name],) = _read_stream(memoryview((folder / name).read_bytes()), 1)
    return found


def _read_stream(content: memoryview, count: int) -> Iterator[Floats]:
    """Yields tensors: version, levels of sequences, version, size of a description, it, values."""
    position = 0
    for index in range(count):
        try:
            version, levels = struct.unpack_from("<IQ", content, position)
            second, size = struct.unpack_from("<Ii", content, position + 12)
        except struct.error as error:
            raise _damaged(f"the parameters are cut short at {index} of {count}") from error
        if version or levels or second or size < 0 or position + 20 + size > len(content):
            raise _damaged(f"parameter {index} of {count} does not begin as one")
        position += 20 + size
        description = _parse(paddle_pb2.TensorDesc, bytes(content[position - size : position]))
        array, taken = _read_tensor(description, content[position:])
        position += taken
        yield array
    if position != len(content):
        raise _damaged(f"{len(content) - position} bytes are left after {count} parameters")


def _read_tensor(description: paddle_pb2.TensorDesc, content: memoryview) -> tuple[Floats, int]:
    kind, shape = description.data_type, list(description.dims)
    if kind not in _DTYPES:
        text = f"a parameter has Paddle's data type {kind}; known are floats and whole numbers"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    dtype = np.dtype(_DTYPES[kind])
    if min(shape, default=1) < 0 or len(shape) > MAX_RANK:
        raise _damaged(f"a parameter has the shape {shape}")
    size = math.prod(shape) * dtype.itemsize
    if size > len(content):
        raise _damaged(f"a parameter has {size} bytes, but {len(content)} are left")
    return np.frombuffer(content[:size], dtype).reshape(shape).astype(np.float32), size
