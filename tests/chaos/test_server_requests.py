"""Streams that break the rules: the right code, the right reason, and earlier frames answered."""

from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.models.catalog.catalog import CATALOG

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG, RawStream, code_info_text, info_of

FRAME = frame_pb2.Frame(sequence_id=1, encoded_image=JPEG)
INVALID = StatusCode.INVALID_ARGUMENT
KNOWN = ", ".join(spec.name for spec in CATALOG)


@pytest.mark.parametrize(
    "first", [pb.DetectRequest(), pb.DetectRequest(frame=FRAME), None], ids=["empty", "frame", "no"]
)
def test_stream_without_config_is_refused(
    hosted: HostedServer, first: pb.DetectRequest | None
) -> None:
    stream = RawStream(hosted.stub)
    if first is not None:
        stream.send(first)
    stream.half_close()
    code, info, text = stream.end()
    assert (code, info.reason) == (INVALID, "CONFIG_MISSING")
    assert "config" in text


def test_stream_that_never_sends_its_config_gives_its_place_back() -> None:
    with HostedServer() as hosted:
        hosted.server._servicer._opening_timeout_s = 0.05
        code, info, text = RawStream(hosted.stub).end()
        assert (code, info.reason) == (INVALID, "CONFIG_MISSING")
        assert "within 0.05 s" in text
        hosted.wait_until(lambda: hosted.server._servicer._stream_limiter.open == 0)


@pytest.mark.parametrize(
    ("config", "code", "reason", "metadata"),
    [
        (
            {"model": "none"},
            StatusCode.NOT_FOUND,
            "MODEL_UNKNOWN",
            {"model": "none", "known": KNOWN},
        ),
        ({"model": ""}, StatusCode.NOT_FOUND, "MODEL_UNKNOWN", {"model": "", "known": KNOWN}),
        ({"order": 7}, INVALID, "CONFIG_INVALID", {"field": "order"}),
        ({"overflow_policy": 7}, INVALID, "CONFIG_INVALID", {"field": "overflow_policy"}),
        ({"minimum_score": -1}, INVALID, "CONFIG_INVALID", {"field": "minimum_score"}),
        ({"max_frame_age": Duration()}, INVALID, "CONFIG_INVALID", {"field": "max_frame_age"}),
        (
            {"heartbeat_interval": Duration(nanos=1)},
            INVALID,
            "CONFIG_INVALID",
            {"field": "heartbeat_interval"},
        ),
        (
            {"read_mask": FieldMask(paths=["pose"])},
            INVALID,
            "CONFIG_INVALID",
            {"field": "read_mask"},
        ),
        (
            {"tracking": pb.TrackingOptions(max_gap=Duration(seconds=61))},
            INVALID,
            "CONFIG_INVALID",
            {"field": "tracking.max_gap"},
        ),
        (
            {"smoothing": pb.SmoothingOptions()},
            INVALID,
            "CONFIG_INVALID",
            {"field": "smoothing"},
        ),
    ],
)
def test_stream_with_a_wrong_config_is_refused(
    hosted: HostedServer,
    config: dict[str, Any],
    code: StatusCode,
    reason: str,
    metadata: dict[str, str],
) -> None:
    found, info, text = RawStream(hosted.stub, **({"model": "body"} | config)).end()
    assert (found, info.reason, dict(info.metadata)) == (code, reason, metadata)
    assert text


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (pb.DetectRequest(config=pb.StreamConfig(model="body")), "CONFIG_REPEATED"),
        (pb.DetectRequest(), "REQUEST_EMPTY"),
    ],
)
def test_stream_broken_off_answers_the_frames_before(
    hosted: HostedServer, last: pb.DetectRequest, reason: str
) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body")
    stream.started()
    for number in range(3):
        stream.frame(number)
    stream.send(last)
    stream.frame(3)
    hosted.predictor.wait_until_started()
    hosted.predictor.gate.set()
    assert [stream.next().result.sequence_id for _ in range(3)] == [0, 1, 2]
    code, info, _ = stream.end()
    assert (code, info.reason) == (INVALID, reason)


def test_stream_of_garbage_bytes_ends_and_the_server_lives(hosted: HostedServer) -> None:
    with grpc.insecure_channel(hosted.address) as channel:
        method: Any = channel.stream_stream("/posewire.v1.KeypointService/Detect")
        call = method(iter([b"\xff\xff\xff\xff"]), timeout=PATIENCE_S)
        with pytest.raises(grpc.RpcError) as raised:
            next(call)
    assert code_info_text(raised.value)[0] in {INVALID, StatusCode.INTERNAL}
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0)
    stream.half_close()
    stream.started()
    assert stream.next().result.image_width == 96


@pytest.mark.parametrize("numbers", [[5, 5, 6], [5, 4, 6], [5, 0, 0, 6]])
def test_stream_ids_that_repeat_or_go_back_are_errors_of_those_frames(
    hosted: HostedServer, numbers: list[int]
) -> None:
    stream = RawStream(hosted.stub, model="body")
    for number in numbers:
        stream.frame(number)
    stream.half_close()
    stream.started()
    first, *wrong, last = stream.rest()
    assert (first.result.sequence_id, last.result.sequence_id) == (5, 6)
    assert [response.frame_error.sequence_id for response in wrong] == numbers[1:-1]
    for response in wrong:
        info = info_of(response.frame_error.status)
        refused = str(response.frame_error.sequence_id)
        assert response.frame_error.status.code == INVALID.value[0]
        assert info.reason == "SEQUENCE_NOT_INCREASING"
        assert dict(info.metadata) == {"sequence_id": refused, "last_sequence_id": "5"}


def test_frame_without_source_is_an_error_of_that_frame(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    stream.send(pb.DetectRequest(frame=frame_pb2.Frame(sequence_id=4)))
    stream.frame(5)
    stream.half_close()
    stream.started()
    refused, answered = stream.rest()
    assert refused.frame_error.sequence_id == 4
    assert info_of(refused.frame_error.status).reason == "SOURCE_MISSING"
    assert answered.result.sequence_id == 5
