"""Whatever the bytes, the readers of original weights answer or raise WeightsError."""

import io
import os
import pickle
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.originals.caffe import (
    assemble,
    parse_prototxt,
    read_weights,
)
from posewire_server.models.weights.importers.originals.paddle_network import read_paddle
from posewire_server.models.weights.importers.originals.paddle_state import read_paddle_state
from posewire_server.models.weights.importers.originals.tensor_unpickler import read_pickle
from posewire_server.models.weights.importers.originals.torch_state import read_torch_state

from tests.caffe_writer import caffemodel
from tests.paddle_writer import paddle_files
from tests.torch_writer import torch_row, torch_zip

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)
STATE = {"a.weight": ARRAY, "a.bias": ARRAY[0]}
PARAMS = pickle.dumps(STATE, protocol=4)
CAFFE = caffemodel({"conv": [ARRAY]})
TEXT = 'input: "x" layer { name: "a" type: "ReLU" bottom: "x" top: "y" p { q: 1 q: -2.5 } }'
ROW, ZIP = torch_row(STATE), torch_zip(STATE)
PROGRAM, STREAM = paddle_files()
# Each opcode with an argument that may do.
INSTRUCTIONS = [
    *(bytes([each]) for each in b"()]}NRbQtduelsa0122\x81\x85\x86\x87\x88\x8f\x90\x91\x93\x94"),
    *(b"K\x01", b"X\x01\x00\x00\x00a", b"q\x00", b"h\x00", b"q\x01", b"h\x01", b"C\x01a"),
    *(b"cos\nsystem\n", b"ccollections\nOrderedDict\n", b"c_codecs\nencode\n"),
    *(b"cnumpy\ndtype\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n"),
]
CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8)


def altered(content: bytes, changes: list[tuple[int, int]], size: int) -> bytes:
    array = bytearray(content[: max(0, len(content) - size)])
    for position, value in changes:
        if array:
            array[position % len(array)] = value
    return bytes(array)


def read_state_file(content: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        (read_paddle_state if name.endswith(".pdparams") else read_torch_state)(path)


def read_program(program: bytes, parameters: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "m.pdmodel").write_bytes(program)
        (Path(folder) / "m.pdiparams").write_bytes(parameters)
        read_paddle(Path(folder))


@given(st.binary(max_size=300))
@example(b"\x80\x04j\xff\xff\xff\x7f.")
@example(b"cos\nsystem\n(S'true'\ntR.")
def test_read_pickle_random_bytes_raises_nothing_else(content: bytes) -> None:
    with suppress(WeightsError):
        read_pickle(io.BytesIO(content))


@given(st.lists(st.sampled_from(INSTRUCTIONS), max_size=60))
def test_read_pickle_random_instructions_call_nothing(instructions: list[bytes]) -> None:
    with suppress(WeightsError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "system", lambda _: pytest.fail("it was called"))
        read_pickle(io.BytesIO(b"".join(instructions) + b"."))


@given(CHANGES, st.integers(0, 40))
def test_paddle_state_altered_raises_nothing_else(
    changes: list[tuple[int, int]], size: int
) -> None:
    with suppress(WeightsError):
        read_state_file(altered(PARAMS, changes, size), "x.pdparams")


@given(st.sampled_from([ROW, ZIP]), CHANGES, st.integers(0, 40))
def test_torch_state_altered_raises_nothing_else(
    content: bytes, changes: list[tuple[int, int]], size: int
) -> None:
    with suppress(WeightsError):
        read_state_file(altered(content, changes, size), "x.pth")


@given(CHANGES, st.integers(0, 40))
def test_caffemodel_altered_raises_nothing_else(changes: list[tuple[int, int]], size: int) -> None:
    with suppress(WeightsError):
        read_weights(altered(CAFFE, changes, size))


@given(st.one_of(st.text(max_size=200), st.text('{}<>:"ab1- \n#', max_size=200)))
@example("a{" * 1000)
def test_prototxt_random_text_raises_nothing_else(text: str) -> None:
    with suppress(WeightsError):
        assemble(parse_prototxt(text), {})


@given(CHANGES, st.integers(0, 40))
def test_prototxt_altered_raises_nothing_else(changes: list[tuple[int, int]], size: int) -> None:
    text = altered(TEXT.encode(), changes, size).decode("latin-1")
    with suppress(WeightsError):
        assemble(parse_prototxt(text), {})


@given(CHANGES, CHANGES, st.integers(0, 40))
def test_paddle_network_altered_raises_nothing_else(
    program: list[tuple[int, int]], parameters: list[tuple[int, int]], size: int
) -> None:
    with suppress(WeightsError):
        read_program(altered(PROGRAM, program, 0), altered(STREAM, parameters, size))


@settings(max_examples=20)
@given(st.dictionaries(st.text(max_size=5), st.integers(0, 40), max_size=4), st.integers(0, 5))
def test_paddle_state_written_arrays_are_read_back(sizes: dict[str, int], protocol: int) -> None:
    state = {name: np.arange(size, dtype=np.float32) for name, size in sizes.items()}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.pdparams"
        path.write_bytes(pickle.dumps(state, protocol=protocol))
        found = read_paddle_state(path)
    assert found.keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)
