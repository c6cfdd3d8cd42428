"""Bitstreams of H.264 and HEVC: access units, their NAL units (Annex B of both), and their bits."""

import re
from dataclasses import dataclass

# A picture of 1080p has 8160 macroblocks; encoders make far fewer slices of them.
MOST_UNITS = 2048
_MOST_PARAMETER_BYTES = 8192
_START = b"\0\0\1"
_ESCAPED = re.compile(rb"\0\0(?=[\0-\3])")


@dataclass(frozen=True)
class AccessUnit:
    """All that one picture is coded in, and its place among the others, known without decoding.

    Attributes:
        data: Annex B. The parameter sets are rewritten so that no picture is held back. Units that
            decoding does not need are left out, because a strict decoder fails at faults in them.
        is_key: Whether decoding can begin here.
        is_reference: Whether later pictures may build on this one.
        is_open: Whether pictures right after this key frame may build on some before it.
        is_leading: Whether this is a picture of this kind, if it comes right after that key frame.
        number: Number of the picture, one more than that of the last reference picture before it.
        numbers: Count after which numbers begin again at 0; 0: the numbers say nothing.
        size: (W, H) in pixels, as coded, of the largest picture that its parameter sets announce;
            None: it has no parameter sets.
    """

    data: bytes
    is_key: bool
    is_reference: bool
    is_open: bool = False
    is_leading: bool = False
    number: int = 0
    numbers: int = 0
    size: tuple[int, int] | None = None


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
    """Removes the emulation prevention."""
    return unit.replace(b"\0\0\3", b"\0\0")


def escape(unit: bytes) -> bytes:
    """Adds the emulation prevention."""
    return _ESCAPED.sub(b"\0\0\3", unit)


class Bits:
    """Reader and editor of the fields in bytes without emulation prevention.

    Exp-Golomb codes are those of ITU-T H.264 section 9.1, which H.265 has too. Reading past the
    end raises ValueError.
    """

    def __init__(self, data: bytes) -> None:
        self._text = f"{int.from_bytes(data):0{8 * len(data)}b}" if data else ""
        self.position = 0

    def number(self, count: int) -> int:
        """Reads an unsigned number of ``count`` bits."""
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

    def skip_golomb(self, count: int) -> None:
        """Skips Exp-Golomb codes, signed or not."""
        for _ in range(count):
            self.golomb()

    def skip(self, count: int) -> None:
        """Skips bits."""
        self.position += count
        if self.position > len(self._text):
            raise ValueError("the bits end before the last field")

    def replace(self, begin: int, text: str) -> None:
        """Replaces the bits from ``begin`` to the position by a text of zeros and ones."""
        self._text = self._text[:begin] + text + self._text[self.position :]
        self.position = begin + len(text)

    def to_bytes(self) -> bytes:
        """Returns all bits up to the last 1, which ends every unit, padded with zeros."""
        text = self._text.rstrip("0")
        text += "0" * (-len(text) % 8)
        return int(text or "0", 2).to_bytes(len(text) // 8)


def golomb_bits(value: int) -> str:
    """Returns the unsigned Exp-Golomb code of a value, as zeros and ones."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def parameter_bits(unit: bytes) -> Bits:
    """Returns the bits of a parameter set.

    Raises:
        ValueError: It is too long.
    """
    if len(unit) > _MOST_PARAMETER_BYTES:
        raise ValueError("a parameter set is too long")
    return Bits(unescape(unit))


def largest(sizes: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Returns the (W, H) of most pixels; None if there is none."""
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
