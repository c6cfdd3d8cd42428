"""Byte streams of H.264 and HEVC: units (Annex B of both), and the bits of one unit."""

import re

MOST_UNITS = 2048
"""A picture of 1080p has 8160 macroblocks; nobody makes so many slices of them."""

_START = b"\0\0\1"
_ESCAPED = re.compile(rb"\0\0(?=[\0-\3])")


def split_units(data: bytes) -> list[bytes]:
    """Returns the units of a byte stream, without start codes and the zeros after them.

    Raises:
        ValueError: There is none, or there are too many.
    """
    count = data.count(_START)
    if not 0 < count <= MOST_UNITS:
        raise ValueError(f"it has {count} start codes, expected 1 to {MOST_UNITS}")
    units = (unit.rstrip(b"\0") for unit in data.split(_START)[1:])
    return [unit for unit in units if unit]


def join_units(units: list[bytes]) -> bytes:
    """Returns units as a byte stream."""
    return b"".join(b"\0" + _START + unit for unit in units)


def unescape(unit: bytes) -> bytes:
    """Takes the emulation prevention out."""
    return unit.replace(b"\0\0\3", b"\0\0")


def escape(unit: bytes) -> bytes:
    """Puts emulation prevention in."""
    return _ESCAPED.sub(b"\0\0\3", unit)


class Bits:
    """Reads fields one after the other, and can put others in their place.

    Exp-Golomb codes are those of ITU-T H.264 section 9.1, which H.265 has too.

    Args:
        data: Bytes without emulation prevention.

    Attributes:
        position: Of the next bit.
    """

    def __init__(self, data: bytes) -> None:
        self._text = f"{int.from_bytes(data):0{8 * len(data)}b}" if data else ""
        self.position = 0

    def number(self, count: int) -> int:
        """Reads an unsigned number of ``count`` bits.

        Raises:
            ValueError: There are fewer.
        """
        self.skip(count)
        return int(self._text[self.position - count : self.position], 2)

    def flag(self) -> bool:
        """Reads one bit."""
        return self.number(1) == 1

    def golomb(self) -> int:
        """Reads an unsigned Exp-Golomb code, below 2^32."""
        zeros = self._text.find("1", self.position) - self.position
        if not 0 <= zeros <= 32:
            raise ValueError("an Exp-Golomb code does not end")
        self.skip(zeros)
        return self.number(zeros + 1) - 1

    def signed_golomb(self) -> int:
        """Reads a signed Exp-Golomb code."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def skip(self, count: int) -> None:
        """Passes over bits."""
        self.position += count
        if self.position > len(self._text):
            raise ValueError("the bits end before the last field")

    def replace(self, begin: int, text: str) -> None:
        """Puts bits, as zeros and ones, in the place of those from ``begin`` to the position."""
        self._text = self._text[:begin] + text + self._text[self.position :]
        self.position = begin + len(text)

    def to_bytes(self) -> bytes:
        """Returns all bits up to the last 1, which ends every unit, filled up with zeros."""
        text = self._text.rstrip("0")
        text += "0" * (-len(text) % 8)
        return int(text or "0", 2).to_bytes(len(text) // 8)


def golomb_bits(value: int) -> str:
    """Returns the unsigned Exp-Golomb code of a value, as zeros and ones."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code
