"""Whatever the bytes, the reader of graphs answers or raises WeightsError, within bounded time."""

from contextlib import suppress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.graphdef.graphdef import read_graph

from tests.graphdef_writer import constant, node

GRAPH = (
    node("image", "Placeholder")
    + constant("filters", np.arange(54, dtype=np.float32).reshape(3, 3, 3, 2))
    + node("conv", "Conv2D", ["image", "filters"], strides=[1, 2, 2, 1], padding="SAME")
)


def read_everything(content: bytes) -> None:
    for each in read_graph(content):
        each.integers("strides")
        each.text("padding", "")
        if each.operation == "Const":
            each.constant()


@given(st.binary(max_size=400))
def test_read_graph_random_bytes_raises_nothing_else(content: bytes) -> None:
    with suppress(WeightsError):
        read_everything(content)


@given(st.integers(0, len(GRAPH) - 1))
def test_read_graph_truncated_raises_nothing_else(size: int) -> None:
    with suppress(WeightsError):
        read_everything(GRAPH[:size])


@given(st.lists(st.tuples(st.integers(0, len(GRAPH) - 1), st.integers(0, 255)), max_size=8))
def test_read_graph_altered_bytes_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    altered = bytearray(GRAPH)
    for position, value in changes:
        altered[position] = value
    with suppress(WeightsError):
        read_everything(bytes(altered))
