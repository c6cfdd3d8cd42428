"""Packets of compressed video over real gRPC: each is answered by what is coded in it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import RpcError, StatusCode
from posewire.v1 import frame_pb2, pose_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.frame import VideoCodec, VideoPacket

from tests.clips import compress, drawn, shown_number
from tests.serving.hosted_server import HostedServer
from tests.serving.pictures import encode, noise
from tests.serving.raw_stream import RawStream, code_info_text, info_of

DROP_OLDEST, REJECT_NEW = pb.OVERFLOW_POLICY_DROP_OLDEST, pb.OVERFLOW_POLICY_REJECT_NEW
MISSING = "VIDEO_KEY_FRAME_MISSING"
CODECS = pytest.mark.parametrize("codec", list(VideoCodec))
PICTURES = [drawn(number) for number in range(30)]
WIRE = {
    VideoCodec.H264: frame_pb2.VIDEO_CODEC_H264,
    VideoCodec.HEVC: frame_pb2.VIDEO_CODEC_HEVC,
}


class Watched:
    """A server whose network tells which of the drawn pictures it was given."""

    def __init__(self, hosted: HostedServer) -> None:
        self.hosted = hosted
        self.seen: list[int] = []
        self._run = hosted.predictor.run
        hosted.predictor.run = self._watch  # type: ignore[method-assign]

    def _watch(self, inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Reads the bars: 16 pixels wide in the picture, 8 in the network's input."""
        for planes in inputs:
            bars = [planes[:, 2:6, 8 * bit + 2 : 8 * bit + 6].mean() for bit in range(8)]
            middle = (planes.min() + planes.max()) / 2
            self.seen.append(sum(int(bar > middle) << bit for bit, bar in enumerate(bars)))
        return self._run(inputs)


@pytest.fixture
def watched(hosted: HostedServer) -> Watched:
    return Watched(hosted)


def message(packet: VideoPacket) -> frame_pb2.VideoPacket:
    return frame_pb2.VideoPacket(
        codec=WIRE[packet.codec], key_frame=packet.key_frame, data=packet.data
    )


def send(stream: RawStream, *packets: VideoPacket, **fields: Any) -> None:
    for packet in packets:
        frame = frame_pb2.Frame(sequence_id=packet.number, video_packet=message(packet), **fields)
        stream.send(pb.DetectRequest(frame=frame))


def outcomes(stream: RawStream) -> Iterator[int | str | tuple[int, int]]:
    """Yields the number of each result, the reason of each error, first and last of each drop."""
    stream.half_close()
    for response in stream.rest():
        match response.WhichOneof("response"):
            case "result":
                yield response.result.sequence_id
            case "frame_error":
                yield info_of(response.frame_error.status).reason
            case "dropped":
                yield response.dropped.first_sequence_id, response.dropped.last_sequence_id


@CODECS
def test_stream_packets_are_answered_by_their_own_pictures(
    watched: Watched, codec: VideoCodec
) -> None:
    stream = RawStream(watched.hosted.stub, model="body", max_in_flight=8)
    clip = compress(PICTURES, codec)
    send(stream, *clip)
    assert list(outcomes(stream)) == list(range(30))
    assert watched.seen == [shown_number(packet) for packet in clip]


def test_stream_result_tells_the_size_of_the_picture(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    send(stream, *compress([drawn(0, 640, 362)]))
    stream.started()
    result = stream.next().result
    assert (result.image_width, result.image_height) == (640, 362)


def test_stream_two_streams_have_two_decoders(watched: Watched) -> None:
    clips = [compress(PICTURES[:12], codec) for codec in VideoCodec]
    streams = [RawStream(watched.hosted.stub, model="body") for _ in clips]
    for number in range(12):
        for stream, clip in zip(streams, clips, strict=True):
            send(stream, clip[number])
    for stream in streams:
        assert list(outcomes(stream)) == list(range(12))
    assert sorted(watched.seen) == sorted([*range(12)] * 2)


@CODECS
def test_stream_live_video_keeps_its_pictures_where_frames_are_dropped(
    watched: Watched, codec: VideoCodec
) -> None:
    clip = compress(PICTURES, codec)
    hosted = watched.hosted
    stream = RawStream(hosted.stub, model="body", max_in_flight=2, overflow_policy=DROP_OLDEST)
    stream.started()
    hosted.predictor.gate.clear()
    send(stream, clip[0])
    hosted.predictor.wait_until_started()
    send(stream, *clip[1:9])
    stream.half_close()
    hosted.wait_until(lambda: _all_offered(hosted, 8))
    hosted.predictor.gate.set()
    assert list(outcomes(stream)) == [0, (1, 7), 8]
    assert watched.seen == [0, 8]


def _all_offered(hosted: HostedServer, last: int) -> bool:
    return all(stream._admission.last_id == last for stream in hosted.server._servicer._streams)


@CODECS
def test_stream_frames_whose_deadline_passed_leave_no_gap(
    watched: Watched, codec: VideoCodec
) -> None:
    clip = compress(PICTURES, codec)
    stream = RawStream(watched.hosted.stub, model="body", max_in_flight=8)
    send(stream, clip[0])
    send(stream, *clip[1:4], deadline=Duration(nanos=1))
    send(stream, clip[4])
    assert list(outcomes(stream)) == [0, *["FRAME_DEADLINE_EXCEEDED"] * 3, 4]
    assert watched.seen == [0, 4]


@CODECS
def test_stream_frames_that_fail_before_they_are_read_leave_no_gap(
    watched: Watched, codec: VideoCodec
) -> None:
    clip = compress(PICTURES, codec)
    stream = RawStream(watched.hosted.stub, model="body", max_in_flight=8)
    send(stream, clip[0])
    send(stream, *clip[1:4], boxes=[pose_pb2.BoundingBox(x_max=9, y_max=9)])
    send(stream, clip[4])
    assert list(outcomes(stream)) == [0, *["FEATURE_UNIMPLEMENTED"] * 3, 4]
    assert watched.seen == [0, 4]


def test_stream_frames_that_are_refused_leave_no_gap(watched: Watched) -> None:
    clip = compress(PICTURES)
    hosted = watched.hosted
    stream = RawStream(hosted.stub, model="body", max_in_flight=1, overflow_policy=REJECT_NEW)
    stream.started()
    hosted.predictor.gate.clear()
    send(stream, clip[0])
    hosted.predictor.wait_until_started()
    send(stream, *clip[1:4])
    hosted.wait_until(lambda: _all_offered(hosted, 3))
    hosted.predictor.gate.set()
    assert stream.next().result.sequence_id == 0
    for _ in range(3):
        assert info_of(stream.next().frame_error.status).reason == "QUEUE_FULL"
    send(stream, clip[4])
    assert list(outcomes(stream)) == [4]
    assert watched.seen == [0, 4]


@CODECS
def test_stream_lost_and_damaged_packets_are_errors_until_a_key_frame(
    watched: Watched, codec: VideoCodec
) -> None:
    clip = compress(PICTURES, codec)
    stream = RawStream(watched.hosted.stub, model="body", max_in_flight=16)
    damaged = VideoPacket(codec, False, None, b"damaged", 15)
    send(stream, *clip[3:6], *clip[12:15], damaged, *clip[16:18], *clip[24:26], *clip[27:])
    errors = [MISSING] * 3, ["VIDEO_PACKET_UNDECODABLE", MISSING, MISSING], [MISSING] * 3
    assert list(outcomes(stream)) == [*errors[0], 12, 13, 14, *errors[1], 24, 25, *errors[2]]
    assert watched.seen == [12, 13, 14, 24, 25]


def test_stream_codes_of_a_video_tell_what_to_do(hosted: HostedServer) -> None:
    clip = compress(PICTURES, VideoCodec.H264, "bframes=1:b-adapt=0")
    stream = RawStream(hosted.stub, model="body")
    stream.started()
    found = []
    for packet in (clip[1], VideoPacket(VideoCodec.H264, True, None, b"", 2), *clip[12:15]):
        send(stream, packet)
        response = stream.next()
        if response.WhichOneof("response") == "frame_error":
            status = response.frame_error.status
            found.append((status.code, info_of(status).reason, dict(info_of(status).metadata)))
    codes = StatusCode.FAILED_PRECONDITION, StatusCode.INVALID_ARGUMENT, StatusCode.UNIMPLEMENTED
    reasons = MISSING, "VIDEO_PACKET_UNDECODABLE", "VIDEO_UNSUPPORTED"
    assert found == [
        (code.value[0], reason, {"codec": "H264"})
        for code, reason in zip(codes, reasons, strict=True)
    ]


def test_stream_pictures_and_packets_may_be_mixed(watched: Watched) -> None:
    clip = compress(PICTURES)
    stream = RawStream(watched.hosted.stub, model="body")
    send(stream, *clip[:3])
    stream.frame(3, encode(noise()))
    send(stream, *(replace(packet, number=packet.number + 1) for packet in clip[3:6]))
    assert list(outcomes(stream)) == list(range(7))
    assert watched.seen[:3] + watched.seen[4:] == list(range(6))


@CODECS
def test_detect_image_takes_a_key_frame_alone(watched: Watched, codec: VideoCodec) -> None:
    clip = compress(PICTURES, codec)
    for packet in (clip[12], clip[0]):
        request = pb.DetectImageRequest(
            model="body", frame=frame_pb2.Frame(video_packet=message(packet))
        )
        watched.hosted.stub.DetectImage(request)
    assert watched.seen == [12, 0]
    request.frame.video_packet.CopyFrom(message(clip[1]))
    with pytest.raises(RpcError) as caught:
        watched.hosted.stub.DetectImage(request)
    code, info, _ = code_info_text(caught.value)
    assert (code, info.reason) == (StatusCode.FAILED_PRECONDITION, MISSING)
