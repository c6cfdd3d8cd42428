"""Requests read without copying pixels are what protobuf reads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.serving.rpc.request_parser import RawFrame, read_request

PIXELS = np.random.default_rng(0).integers(0, 255, 120_000, np.uint8).tobytes()


def raw_request(pixels: bytes = PIXELS) -> pb.DetectRequest:
    request = pb.DetectRequest()
    frame = request.frame
    frame.sequence_id = 2**63 + 5
    frame.deadline.FromMilliseconds(30)
    frame.capture_time.FromMilliseconds(1_700_000_000_000)
    frame.region.x_max, frame.region.y_max = 5.5, 7.25
    frame.raw_image.format = frame_pb2.PIXEL_FORMAT_BGR
    frame.raw_image.width, frame.raw_image.height = 200, 200
    frame.raw_image.pixels = pixels
    return request


def test_read_request_raw_image_is_what_protobuf_reads() -> None:
    request = raw_request()
    read = read_request(request.SerializeToString())
    assert isinstance(read, RawFrame)
    read.message.raw_image.pixels = bytes(read.pixels)
    assert read.message == request.frame


def test_read_request_raw_image_copies_no_pixels() -> None:
    content = raw_request().SerializeToString()
    read = read_request(content)
    assert isinstance(read, RawFrame)
    assert read.pixels.obj is content


def _unknown_field(content: bytes) -> bytes:
    return content + b"\x39" + bytes(8)  # field 7, 64 bits


def _two_frames(content: bytes) -> bytes:
    return content + pb.DetectRequest(frame=frame_pb2.Frame(sequence_id=9)).SerializeToString()


def _other_source(content: bytes) -> bytes:
    return content + pb.DetectRequest(frame=frame_pb2.Frame(encoded_image=b"x")).SerializeToString()


@pytest.mark.parametrize("change", [_unknown_field, _two_frames, _other_source])
def test_read_request_unusual_message_is_left_to_protobuf(change: object) -> None:
    assert callable(change)
    content = change(raw_request().SerializeToString())
    assert read_request(content) == pb.DetectRequest.FromString(content)


def test_read_request_large_encoded_image_is_left_to_protobuf() -> None:
    request = pb.DetectRequest(frame=frame_pb2.Frame(sequence_id=3, encoded_image=PIXELS))
    assert read_request(request.SerializeToString()) == request


def test_read_request_small_message_is_left_to_protobuf() -> None:
    request = raw_request(b"few pixels")
    assert read_request(request.SerializeToString()) == request


def _parse(content: bytes) -> pb.DetectRequest | None:
    try:
        return pb.DetectRequest.FromString(content)
    except Exception:
        return None


@given(st.integers(0, 80), st.integers(0, 255), st.integers(0, 120_000))
def test_read_request_damaged_bytes_are_refused_or_read_alike(
    at: int, value: int, cut: int
) -> None:
    content = bytearray(raw_request().SerializeToString())
    content[at] = value
    damaged = bytes(content[: len(content) - cut])
    try:
        read = read_request(damaged)
    except Exception:
        assert _parse(damaged) is None
        return
    if isinstance(read, RawFrame):
        read.message.raw_image.pixels = bytes(read.pixels)
        read = pb.DetectRequest(frame=read.message)
    assert read.SerializeToString(deterministic=True) == getattr(
        _parse(damaged), "SerializeToString", lambda **_: None
    )(deterministic=True)
