"""Parser of HEVC packets; ITU-T H.265 section 7.3."""

from posewire_server.inference.sources.video.bitstream import (
    AccessUnit,
    Bits,
    escape,
    golomb_bits,
    join_units,
    largest,
    parameter_bits,
    split_units,
)

_SPS, _PPS = 33, 34
_LEADING = (8, 9)  # RASL: skipped, they build on what was before the key frame
_KEYS = range(16, 24)
_CLOSED = (18, 19, 20)  # BLA without leading pictures, and IDR
_SLICES = range(32)


class HevcSyntax:
    """Parser of packets; pictures name their references, so the decoder knows what is missing."""

    def read(self, data: bytes) -> AccessUnit:
        """Parses a packet.

        Raises:
            ValueError: It is no access unit of HEVC; the text says why.
        """
        units = [unit for unit in split_units(data) if _is_needed(unit)]
        sizes = []
        for index, unit in enumerate(units):
            if _kind(unit) == _SPS:
                size, units[index] = _read_sps(unit)
                sizes.append(size)
        slices = [unit for unit in units if _kind(unit) in _SLICES]
        firsts = sum(unit[2] >= 0x80 for unit in slices)
        if firsts != 1:
            raise ValueError(f"it holds {firsts} pictures, expected one")
        kind = _kind(slices[0])
        return AccessUnit(
            join_units(units),
            is_key=kind in _KEYS,
            is_reference=True,  # Even a sub-layer's last picture may be one for the layer above.
            is_open=kind not in _CLOSED,
            is_leading=kind in _LEADING,
            size=largest(sizes),
        )


def _is_needed(unit: bytes) -> bool:
    return len(unit) > 2 and _kind(unit) <= _PPS and (unit[0] & 1, unit[1] >> 3) == (0, 0)


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 63


def _read_sps(unit: bytes) -> tuple[tuple[int, int], bytes]:
    bits = parameter_bits(unit)
    bits.skip(16 + 4)
    sub_layers = bits.number(3)
    bits.skip(1)
    _skip_profile(bits, sub_layers)
    bits.golomb()
    if bits.golomb() == 3:
        bits.skip(1)
    size = bits.golomb(), bits.golomb()
    if bits.flag():  # conformance window
        bits.skip_golomb(4)
    bits.skip_golomb(3)
    for _ in range(sub_layers + 1 if bits.flag() else 1):
        bits.golomb()
        begin = bits.position
        bits.golomb()
        bits.replace(begin, golomb_bits(0))
        bits.golomb()
    return size, escape(bits.to_bytes())


def _skip_profile(bits: Bits, sub_layers: int) -> None:
    bits.skip(96)
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers)]
    bits.skip(2 * (8 - sub_layers) if sub_layers else 0)
    for has_profile, has_level in present:
        bits.skip(88 * has_profile + 8 * has_level)
