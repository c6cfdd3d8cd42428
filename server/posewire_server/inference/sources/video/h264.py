"""Parser of H.264 packets; ITU-T H.264 sections 7.3 and E.1."""

from dataclasses import dataclass

from posewire_server.inference.sources.video.bitstream import (
    AccessUnit,
    Bits,
    escape,
    golomb_bits,
    join_units,
    largest,
    parameter_bits,
    split_units,
    unescape,
)

_SLICE, _IDR, _SEI, _SPS, _PPS = 1, 5, 6, 7, 8
_B, _INTRA = 1, (2, 4)
_RECOVERY_POINT = 6
_WITH_CHROMA_FORMAT = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 144, 244}
_HEADER_BYTES = 24


@dataclass(frozen=True)
class _Sps:
    size: tuple[int, int]
    frame_num_bits: int
    has_colour_planes: bool
    has_frames_only: bool
    may_skip_numbers: bool


@dataclass(frozen=True)
class _Header:
    is_intra: bool = False
    is_bidirectional: bool = False
    is_field: bool = False
    number: int = 0
    numbers: int = 0


class H264Syntax:
    """Parser of one stream's packets; keeps what their parameter sets say."""

    def __init__(self) -> None:
        self._sps: dict[int, _Sps] = {}
        self._sps_of_pps: dict[int, int] = {}

    def read(self, data: bytes) -> AccessUnit:
        """Parses a packet.

        Raises:
            ValueError: It is no access unit of H.264; the text says why.
        """
        units = [unit for unit in split_units(data) if _is_needed(unit)]
        sizes = []
        for index, unit in enumerate(units):
            if unit[0] & 31 == _PPS:
                self._read_pps(unit)
            elif unit[0] & 31 == _SPS:
                size, units[index] = self._read_sps(unit)
                sizes.append(size)
        slices = [unit for unit in units if unit[0] & 31 in (_SLICE, _IDR)]
        if not slices:
            raise ValueError("it holds no picture")
        header = self._read_header(slices[0])
        firsts = sum(unit[1:2] >= b"\x80" for unit in slices)
        if firsts > 1 + header.is_field:
            raise ValueError(f"it holds {firsts} pictures, expected one")
        recovers = header.is_intra and any(map(_is_recovery_point, units))
        return AccessUnit(
            join_units(units),
            is_key=slices[0][0] & 31 == _IDR or recovers,
            is_reference=slices[0][0] & 0x60 != 0,
            is_open=slices[0][0] & 31 != _IDR,
            is_leading=header.is_bidirectional,
            number=header.number,
            numbers=header.numbers,
            size=largest(sizes),
        )

    def _read_pps(self, unit: bytes) -> None:
        bits = parameter_bits(unit)
        bits.skip(8)
        pps_id = bits.golomb()
        if pps_id < 256:
            self._sps_of_pps[pps_id] = bits.golomb()

    def _read_sps(self, unit: bytes) -> tuple[tuple[int, int], bytes]:
        bits = parameter_bits(unit)
        sps_id, sps = _parse_sps(bits)
        if sps_id < 32:
            self._sps[sps_id] = sps
        return sps.size, escape(bits.to_bytes())

    def _read_header(self, unit: bytes) -> _Header:
        bits = Bits(unescape(unit[:_HEADER_BYTES]))
        is_idr = bits.number(8) & 31 == _IDR
        bits.golomb()  # first_mb_in_slice
        slice_type = bits.golomb() % 5
        sps = self._sps.get(self._sps_of_pps.get(bits.golomb(), -1))
        if sps is None:
            if is_idr:
                text = "its parameter sets are missing; put them in front of each key frame"
                raise ValueError(text)
            return _Header()  # Nothing was decoded yet, and nothing will be.
        bits.skip(2 * sps.has_colour_planes)
        number = bits.number(sps.frame_num_bits)
        is_field = not sps.has_frames_only and bits.flag()
        is_counted = not (is_field or sps.may_skip_numbers)
        numbers = is_counted << sps.frame_num_bits
        return _Header(slice_type in _INTRA, slice_type == _B, is_field, number, numbers)


def _is_needed(unit: bytes) -> bool:
    return unit[0] & 31 in (_SLICE, _IDR, _SPS, _PPS) or _is_recovery_point(unit)


def _is_recovery_point(unit: bytes) -> bool:
    """Returns whether a unit begins with the message that decoding is exact from here on."""
    if unit[0] & 31 != _SEI or unit[1:2] != bytes([_RECOVERY_POINT]):
        return False
    return unit[3:4] >= b"\x80"  # recovery_frame_cnt 0


def _parse_sps(bits: Bits) -> tuple[int, _Sps]:
    """Reads a sequence parameter set, and rewrites it to reorder no pictures."""
    bits.skip(8)
    profile = bits.number(8)
    bits.skip(16)
    sps_id = bits.golomb()
    has_colour_planes = profile in _WITH_CHROMA_FORMAT and _read_chroma_format(bits)
    frame_num_bits = bits.golomb() + 4
    _skip_picture_order(bits)
    references = bits.golomb()
    may_skip_numbers = bits.flag()
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    has_frames_only = bits.flag()
    bits.skip(1 + (not has_frames_only))
    if bits.flag():  # cropping
        bits.skip_golomb(4)
    if frame_num_bits > 16 or references > 16:
        raise ValueError("its sequence parameter set is out of range")
    _forbid_reordering(bits, references)
    size = (width, height * (1 if has_frames_only else 2))
    return sps_id, _Sps(size, frame_num_bits, has_colour_planes, has_frames_only, may_skip_numbers)


def _read_chroma_format(bits: Bits) -> bool:
    """Reads up to the scaling lists; returns whether colour planes are coded apart."""
    chroma_format = bits.golomb()
    has_colour_planes = chroma_format == 3 and bits.flag()
    bits.skip_golomb(2)
    bits.skip(1)
    if bits.flag():
        for index in range(12 if chroma_format == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return has_colour_planes


def _skip_scaling_list(bits: Bits, length: int) -> None:
    scale = 8
    for _ in range(length):
        scale = (scale + bits.signed_golomb()) % 256
        if scale == 0:
            return


def _skip_picture_order(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.skip(1)
        bits.skip_golomb(2)
        bits.skip_golomb(min(bits.golomb(), 255))


def _forbid_reordering(bits: Bits, references: int) -> None:
    """Writes num_reorder_frames 0 into the usability information, which is added if absent."""
    begin = bits.position
    restriction = f"11{golomb_bits(0) * 2}{golomb_bits(16) * 2}1{golomb_bits(references)}"
    if not bits.flag():
        bits.replace(begin, "1" + "0" * 8 + restriction)
        return
    _skip_usability(bits)
    begin = bits.position
    if not bits.flag():
        bits.replace(begin, restriction)
        return
    bits.skip(1)
    bits.skip_golomb(4)
    begin = bits.position
    bits.golomb()
    bits.replace(begin, golomb_bits(0))


def _skip_usability(bits: Bits) -> None:
    if bits.flag() and bits.number(8) == 255:  # aspect ratio
        bits.skip(32)
    if bits.flag():  # overscan
        bits.skip(1)
    if bits.flag():  # video signal
        bits.skip(4)
        if bits.flag():
            bits.skip(24)
    if bits.flag():  # place of chroma samples
        bits.skip_golomb(2)
    if bits.flag():  # timing
        bits.skip(65)
    buffers = [_skip_buffer_model(bits) for _ in range(2)]
    bits.skip(2 if any(buffers) else 1)


def _skip_buffer_model(bits: Bits) -> bool:
    if not bits.flag():
        return False
    count = bits.golomb() + 1
    bits.skip(8)
    for _ in range(min(count, 32)):
        bits.skip_golomb(2)
        bits.skip(1)
    bits.skip(20)
    return True
