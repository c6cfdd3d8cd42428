"""Large raw frames are put together as protobuf would, from one copy of their pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posewire import Frame
from posewire.frame import FrameEncoder
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.wire import RawRequest


def parse(frame: Frame) -> pb.DetectRequest:
    request = FrameEncoder().encode(frame)
    assert isinstance(request, RawRequest)
    return pb.DetectRequest.FromString(request.SerializeToString())


@given(
    st.integers(183, 400),
    st.integers(183, 400),
    st.sampled_from([(), (3,)]),
    st.integers(0, 2**64 - 1),
)
def test_encode_large_array_is_what_protobuf_writes(
    height: int, width: int, channels: tuple[int, ...], sequence_id: int
) -> None:
    pixels = np.random.default_rng(height).integers(
        0, 255, (height, 3 * width, *channels), np.uint8
    )
    read = parse(Frame(pixels, sequence_id, deadline_s=0.5, region=(1.0, 2.0, 3.0, 4.0)))
    written = pb.DetectRequest()
    frame = written.frame
    frame.sequence_id = sequence_id
    frame.deadline.FromMilliseconds(500)
    frame.region.x_min, frame.region.y_min, frame.region.x_max, frame.region.y_max = 1, 2, 3, 4
    frame.raw_image.format = 1 if channels else 3
    frame.raw_image.height, frame.raw_image.width = height, 3 * width
    frame.raw_image.pixels = pixels.tobytes()
    assert read == written


def test_encode_large_array_with_gaps_is_packed() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)[:, ::2]
    request = FrameEncoder().encode(pixels)
    assert isinstance(request, pb.DetectRequest)
    assert request.frame.raw_image.pixels == pixels.tobytes()


def test_encode_large_array_of_wrong_shape_raises() -> None:
    with pytest.raises(ValueError, match=r"shape \(H, W, 3\)"):
        FrameEncoder().encode(np.zeros((200, 200, 4), np.uint8))


def test_encode_large_array_of_floats_raises() -> None:
    with pytest.raises(TypeError, match="uint8"):
        FrameEncoder().encode(np.zeros((200, 200, 3), np.float32))  # type: ignore[arg-type]
