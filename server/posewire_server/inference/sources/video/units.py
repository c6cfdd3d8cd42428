"""Annex B: a byte stream as network abstraction layer units."""

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
