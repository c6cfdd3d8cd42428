import struct

import pytest
from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.program.wire import Message

from tests.graphdef_writer import block, number, varint


def test_message_with_every_wire_type_returns_the_values() -> None:
    content = number(1, 300) + block(2, "abc") + b"\x1d" + struct.pack("<f", 1.5)
    message = Message(content + b"\x21" + (7).to_bytes(8, "little"))
    assert message.integer(1) == 300
    assert message.text(2) == "abc"
    assert message.floats(3) == [1.5]
    assert message.integer(4) == 7


def test_message_repeated_scalar_returns_the_last() -> None:
    assert Message(number(1, 2) + number(1, 3)).integer(1) == 3


def test_message_absent_fields_returns_defaults() -> None:
    message = Message(b"")
    assert (message.integer(1, 5), message.text(1), message.messages(1)) == (5, "", [])
    assert message.message(1).integers(1) == []


def test_integers_negative_returns_signed() -> None:
    assert Message(number(1, -1)).integers(1) == [-1]


def test_integers_packed_returns_the_same_as_unpacked() -> None:
    packed = block(1, b"".join(varint(value) for value in (1, 300, -2)))
    unpacked = b"".join(number(1, value) for value in (1, 300, -2))
    assert Message(packed).integers(1) == Message(unpacked).integers(1) == [1, 300, -2]


def test_floats_packed_returns_all() -> None:
    assert Message(block(5, struct.pack("<3f", 1, 2, 3))).floats(5).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x08", id="key without value"),
        pytest.param(b"\x0a\x05ab", id="five bytes announced, two there"),
        pytest.param(b"\x0a" + varint(2**63), id="length beyond any memory"),
        pytest.param(b"\x08" + b"\xff" * 11, id="endless varint"),
        pytest.param(b"\x0b", id="group"),
        pytest.param(b"\x0d\x01\x02", id="short 32-bit field"),
        pytest.param(b"\x00\x01", id="field number 0"),
    ],
)
def test_message_malformed_raises_damaged(content: bytes) -> None:
    with pytest.raises(WeightsError) as caught:
        Message(content)
    assert caught.value.reason == "WEIGHTS_DAMAGED"


def test_text_of_a_number_raises_damaged() -> None:
    with pytest.raises(WeightsError, match="number where bytes"):
        Message(number(1, 5)).text(1)


def test_text_not_utf8_raises_damaged() -> None:
    with pytest.raises(WeightsError, match="UTF-8"):
        Message(block(1, b"\xff")).text(1)


def test_floats_of_a_broken_list_raises_damaged() -> None:
    with pytest.raises(WeightsError, match="32-bit floats"):
        Message(block(1, b"abc")).floats(1)
