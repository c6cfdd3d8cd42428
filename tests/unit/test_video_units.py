"""Units and bits of video, and parameter sets that say that nothing is reordered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.sources.video.bitstream import (
    MOST_UNITS,
    Bits,
    escape,
    golomb_bits,
    join_units,
    split_units,
    unescape,
)
from posewire_server.inference.sources.video.h264 import H264Syntax

START = b"\0\0\1"
# A unit neither begins nor ends with a zero; zeros within it are the difficult part.
PAYLOADS = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), max_size=40).map(
    lambda values: bytes([0x67, *values, 0x80])
)


@given(st.lists(PAYLOADS, min_size=1, max_size=6))
def test_units_survive_joining_and_splitting(payloads: list[bytes]) -> None:
    units = [escape(payload) for payload in payloads]
    assert split_units(join_units(units)) == units
    assert [unescape(unit) for unit in units] == payloads


@given(PAYLOADS)
def test_escape_leaves_nothing_that_looks_like_a_start(payload: bytes) -> None:
    escaped = escape(payload)
    assert not any(bytes([0, 0, end]) in escaped for end in (0, 1, 2))


def test_split_units_takes_both_start_codes_and_leaves_zeros_out() -> None:
    data = b"\0" + START + b"ab\0\0" + START + b"c" + b"\0\0" + START + START + b"d"
    assert split_units(data) == [b"ab", b"c", b"d"]


@pytest.mark.parametrize("data", [b"", b"abc", b"\0\0", START * (MOST_UNITS + 1)])
def test_split_units_of_something_else_raises(data: bytes) -> None:
    with pytest.raises(ValueError, match="start codes"):
        split_units(data)


@given(st.lists(st.integers(0, 2**32 - 2), max_size=20))
def test_bits_golomb_reads_what_golomb_bits_writes(values: list[int]) -> None:
    text = "".join(map(golomb_bits, values)) + "1"
    bits = Bits(_to_bytes(text))
    assert [bits.golomb() for _ in values] == values


@pytest.mark.parametrize(("code", "value"), [(0, 0), (1, 1), (2, -1), (3, 2), (4, -2)])
def test_bits_signed_golomb_alternates(code: int, value: int) -> None:
    text = golomb_bits(code).ljust(8, "0")
    assert Bits(int(text, 2).to_bytes(1)).signed_golomb() == value


@pytest.mark.parametrize("data", [b"", b"\0", b"\0" * 9, b"\0\0\0\0\1"])
def test_bits_that_end_too_early_raise(data: bytes) -> None:
    with pytest.raises(ValueError, match="end"):
        Bits(data).golomb()


def test_bits_replace_goes_on_after_what_was_put_in() -> None:
    bits = Bits(bytes([0b1010_1111, 0b0000_1000]))
    bits.skip(2)
    bits.number(2)
    bits.replace(2, "00000")
    assert bits.number(4) == 0b1111
    assert bits.to_bytes() == bytes([0b1000_0001, 0b1110_0001])


def test_h264_parameter_set_without_usability_gets_one() -> None:
    """Baseline profile, as small cameras send it."""
    fields = [0, 0, 2, 1]  # number, bits of frame_num less 4, order as decoded, references
    text = "0100001000000000" + "00011110" + "".join(map(golomb_bits, fields)) + "0"
    text += golomb_bits(19) + golomb_bits(14) + "1" + "1" + "0"
    sps = b"\x67" + _to_bytes(text + "0" + "1")
    pps, idr = b"\x68\xce\x38\x80", b"\x65\xb8" + b"\1" * 20
    unit = H264Syntax().read(join_units([escape(sps), pps, idr]))
    restriction = "11" + golomb_bits(0) * 2 + golomb_bits(16) * 2 + golomb_bits(0) + golomb_bits(1)
    rewritten = b"\x67" + _to_bytes(text + "1" + "0" * 8 + restriction + "1")
    assert (unit.is_key, unit.size) == (True, (320, 240))
    assert split_units(unit.data) == [escape(rewritten), pps, idr]
    assert H264Syntax().read(unit.data).data == unit.data


def _to_bytes(text: str) -> bytes:
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8)
