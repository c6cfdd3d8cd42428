"""Writes Paddle's networks of the older format for tests: a ProgramDesc and its parameters."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tests.graphdef_writer import block, number, varint

Array = npt.NDArray[np.float32]
Slots = Mapping[str, Sequence[str]]
FLOAT32, DENSE_TENSOR, FEED = 5, 7, 9


def variable(name: str, shape: Sequence[int], *, persistable: bool = False) -> bytes:
    tensor = number(1, FLOAT32) + b"".join(number(2, size) for size in shape)
    kind = number(1, DENSE_TENSOR) + block(3, block(1, tensor))
    return block(3, block(1, name) + block(2, kind) + number(3, int(persistable)))


def operation(name: str, inputs: Slots, outputs: Slots, **attributes: object) -> bytes:
    slots = b"".join(
        block(field, block(1, slot) + b"".join(block(2, each) for each in names))
        for field, table in ((1, inputs), (2, outputs))
        for slot, names in table.items()
    )
    return block(4, slots + block(3, name) + _attributes(attributes))


def _attributes(attributes: Mapping[str, object]) -> bytes:
    encoded = b""
    for name, value in attributes.items():
        if isinstance(value, bool):
            field = number(10, int(value))
        elif isinstance(value, int):
            field = number(3, value)
        elif isinstance(value, float):
            field = varint(4 << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, str):
            field = block(5, value)
        else:
            field = b"".join(number(6, each) for each in value)  # type: ignore[attr-defined]
        encoded += block(4, block(1, name) + field)
    return encoded


def stream(arrays: Sequence[Array]) -> bytes:
    """Tensors one after the other, as in .pdiparams."""
    encoded = b""
    for array in arrays:
        description = number(1, FLOAT32) + b"".join(number(2, size) for size in array.shape)
        head = struct.pack("<IQIi", 0, 0, 0, len(description))
        encoded += head + description + array.astype("<f4").tobytes()
    return encoded


def paddle_files(kind: str = "relu") -> tuple[bytes, bytes]:
    """A 1x1 convolution with a bias, then one operation: the program and its parameters."""
    filters, bias = np.full((2, 3, 1, 1), 0.5, np.float32), np.array([1, -9], np.float32)
    content = b"".join(
        [
            variable("x", [-1, 3, -1, -1]),
            variable("filters", filters.shape, persistable=True),
            variable("bias", bias.shape, persistable=True),
            operation("feed", {"X": ["feed"]}, {"Out": ["x"]}, col=0),
            operation(
                "conv2d",
                {"Input": ["x"], "Filter": ["filters"]},
                {"Output": ["y"]},
                strides=[1, 1],
                paddings=[0, 0],
                dilations=[1, 1],
                groups=1,
            ),
            operation("elementwise_add", {"X": ["y"], "Y": ["bias"]}, {"Out": ["z"]}, axis=1),
            operation(kind, {"X": ["z"]}, {"Out": ["end"]}),
            operation("fetch", {"X": ["end"]}, {"Out": ["fetch"]}, col=0),
        ]
    )
    return block(1, content), stream([bias, filters])  # In the order of their names.
