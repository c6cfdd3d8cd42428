"""Whatever the bytes, the reader of TensorFlow Lite answers or raises WeightsError."""

import importlib
import tracemalloc
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.tflite.tflite import read_graph
from posewire_server.models.weights.importers.tflite.tflite_program import translate

from tests.tflite_writer import SAME, Network, byte, numbers

# Above what a file of three hundred bytes and its constants take, far below what it may announce.
MOST_BYTES = 200_000_000


def write_network() -> bytes:
    net = Network((1, 4, 4, 3))
    rows = {0: byte(1), 2: ("B", 3), 3: {0: np.array([0, 2, 3], "u1")}, 4: ("B", 3)}
    rows[5] = {0: np.array([0, 2, 1], "u1")}
    sparsity = {0: numbers([0, 1]), 2: [{0: byte(0), 1: 2}, rows]}
    filters = net.constant(np.ones((2, 3, 3, 3), np.float16))
    bias = net.constant(np.ones(3, np.float32), shape=(2, 3), sparsity=sparsity)
    options = {0: byte(SAME), 1: 2, 2: 2}
    return net.content([net.add("CONV_2D", [net.image, filters, bias], (1, 2, 2, 2), options)])


NETWORK = write_network()
ALTERED = st.lists(
    st.tuples(
        st.integers(0, len(NETWORK) - 1),
        st.sampled_from([0, 1, 2, 4, 8, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255),
    ),
    min_size=1,
    max_size=6,
)


def alter(changes: list[tuple[int, int]]) -> bytes:
    altered = bytearray(NETWORK)
    for position, value in changes:
        altered[position] = value
    return bytes(altered)


@pytest.fixture(scope="module", autouse=True)
def _paddle() -> None:
    """Imports Paddle, which warns of what is no concern here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("paddle")


def read_everything(content: bytes) -> None:
    graph = read_graph(content)
    for operator in graph.operators:
        operator.option(2)
    for tensor in graph.tensors:
        if tensor.is_constant:
            with suppress(WeightsError):
                tensor.value()


def test_read_graph_of_the_fuzzed_network_returns_all_of_it() -> None:
    graph = read_graph(NETWORK)
    assert [tensor.value().sum() for tensor in graph.tensors if tensor.is_constant] == [54, 3]


@given(st.binary(max_size=400))
def test_read_graph_random_bytes_raises_nothing_else(content: bytes) -> None:
    with suppress(WeightsError):
        read_everything(b"\x08\0\0\0TFL3" + content)


@given(st.integers(0, len(NETWORK) - 1))
def test_read_graph_truncated_raises_nothing_else(size: int) -> None:
    with suppress(WeightsError):
        read_everything(NETWORK[:size])


@settings(max_examples=300)
@given(ALTERED)
def test_read_graph_altered_bytes_raises_nothing_else_within_bounded_memory(
    changes: list[tuple[int, int]],
) -> None:
    tracemalloc.start()
    try:
        with suppress(WeightsError):
            read_everything(alter(changes))
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@settings(max_examples=100, deadline=None)
@given(ALTERED)
def test_translate_altered_bytes_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    with (
        TemporaryDirectory() as folder,
        Emitter.building() as emitter,
        suppress(WeightsError),
    ):
        (Path(folder) / "network.tflite").write_bytes(alter(changes))
        translate(Path(folder), emitter, [])
