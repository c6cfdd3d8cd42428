"""Pickles are read as data: whatever they name, nothing is imported or called."""

import collections
import io
import os
import pickle
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.pytorch.pickle_data import Call, Global, read_pickle

VALUES = collections.OrderedDict(a=[1, -2.5, None, True], b={"c": ("é", 10**20)}, d=[], e=())


def read(content: bytes) -> object:
    return read_pickle(io.BytesIO(content))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_read_pickle_plain_values_are_as_pickle_reads_them(protocol: int) -> None:
    assert read(pickle.dumps(VALUES, protocol=protocol)) == VALUES


def test_read_pickle_call_is_not_made(tmp_path: Path) -> None:
    target = tmp_path / "made"

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(target),)

    content = pickle.dumps({"x": Hostile()}, protocol=2)
    table = read(content)
    assert isinstance(table, dict)
    assert isinstance(table["x"], Call)
    assert table["x"].function == Global(os.mkdir.__module__, "mkdir")
    assert table["x"].arguments == (str(target),)
    assert not target.exists()


def test_read_pickle_state_of_a_class_does_not_reach_it() -> None:
    content = b"cposewire_server.errors\nWeightsError\n(dX\x01\x00\x00\x00aK\x01sb."
    assert read(content) == Global("posewire_server.errors", "WeightsError")
    assert not hasattr(WeightsError, "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"not a pickle",
        b"}(K\x01",
        b"]]s.",
        b"K\x01K\x02a.",
        b"K\x01N\x85N\x85s.",
        b"}(](e](eu.",  # A list for a key.
        b"i os\nsystem\n(.",
        b"\x80\x02\x82\x01.",  # An extension.
        b"K\x01Q",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # Bytes of 2**63 - 1.
    ],
)
def test_read_pickle_malformed_raises_damaged(content: bytes) -> None:
    with pytest.raises(WeightsError) as caught:
        read(content)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_read_pickle_endless_instructions_raise_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "posewire_server.models.weights.importers.pytorch.pickle_data.MAX_INSTRUCTIONS", 100
    )
    with pytest.raises(WeightsError, match="100 instructions"):
        read(b"]" + b"N0" * 200 + b".")


def test_read_pickle_reads_no_further_than_its_end() -> None:
    file = io.BytesIO(pickle.dumps(1, protocol=2) + pickle.dumps(2, protocol=2))
    assert (read_pickle(file), read_pickle(file)) == (1, 2)
