"""Pickles of tensors: whatever they name, nothing is imported or called."""

import collections
import io
import os
import pickle
from pathlib import Path

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.originals import tensor_unpickler
from posewire_server.models.weights.importers.originals.tensor_unpickler import (
    Call,
    Global,
    read_pickle,
)

VALUES = collections.OrderedDict(a=[1, -2.5, None, True], b={"c": ("é", 10**20)}, d=[], e=())


def read(content: bytes) -> object:
    return read_pickle(io.BytesIO(content))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_read_pickle_plain_values_are_as_pickle_reads_them(protocol: int) -> None:
    assert read(pickle.dumps(VALUES, protocol=protocol)) == VALUES


def test_read_pickle_other_names_than_tensors_need_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "made"

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(target),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(WeightsError, match=rf"names {os.mkdir.__module__}\.mkdir") as caught:
            read(pickle.dumps({"x": Hostile()}, protocol=protocol))
        assert caught.value.reason == "WEIGHTS_DAMAGED"
    assert not target.exists()


def test_read_pickle_call_of_an_admitted_name_is_not_made() -> None:
    table = read(b"}X\x01\x00\x00\x00xcbuiltins\nbytes\nL99999999999999L\n\x85Rs.")
    assert isinstance(table, dict)
    assert isinstance(table["x"], Call)
    assert table["x"].function == Global("builtins", "bytes")
    assert table["x"].arguments == (99999999999999,)


@pytest.mark.parametrize(
    "name", [b"posewire_server.errors\nWeightsError\n", b"collections\nOrderedDict\n"]
)
def test_read_pickle_state_of_a_name_does_not_reach_it(name: bytes) -> None:
    state = b"(dX\x01\x00\x00\x00aK\x01s"
    for content in (b"c" + name + state + b"b.", b"c" + name + b"N" + state + b"\x86b."):
        with pytest.raises(WeightsError) as caught:
            read(content)
        assert caught.value.reason == "WEIGHTS_DAMAGED"
    for reached in (WeightsError, collections.OrderedDict, Global):
        assert not hasattr(reached, "a")


def test_read_pickle_attributes_of_an_ordered_dictionary_are_left_out() -> None:
    state = collections.OrderedDict(a=1)
    state._metadata = {"version": 1}  # type: ignore[attr-defined]  # As PyTorch's modules write it.
    found = read(pickle.dumps(state, protocol=2))
    assert found == {"a": 1}
    assert not hasattr(found, "_metadata")


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
        b"}" + b")" + b"\x85" * 400_000 + b"Ns.",  # A key that takes a deep stack to hash.
        b"})" + b"\x942\x86" * 60 + b"Ns.",  # A key that takes 2**60 steps to hash.
        b"})" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(60)) + b"Ns.",
        b"Nr\xff\xff\xff\x7f.",  # A memo of 2**31 entries.
        b"Np-1\n.",
        b"(d)Ns.",
        b"\x8f(Ne\x90.",  # A set.
        b"ccollections\nOrderedDict\n)\x81.",  # An object without its constructor.
        b"ccollections\nOrderedDict\nN}\x92.",
        b"ccollections\nOrderedDict\n]R.",
        b"\x96\xff\xff\xff\xff\xff\x00\x00\x00.",  # A byte array of 2**40 - 1.
        b"I" + b"9" * 5000 + b"\n.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # Bytes of 2**63 - 1.
    ],
)
def test_read_pickle_malformed_raises_damaged(content: bytes) -> None:
    with pytest.raises(WeightsError) as caught:
        read(content)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_read_pickle_endless_instructions_raise_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_unpickler, "MAX_INSTRUCTIONS", 100)
    with pytest.raises(WeightsError, match="100 instructions"):
        read(b"]" + b"N" * 200 + b".")


def test_read_pickle_reads_no_further_than_its_end() -> None:
    file = io.BytesIO(pickle.dumps(1, protocol=2) + pickle.dumps(2, protocol=2))
    assert (read_pickle(file), read_pickle(file)) == (1, 2)
