"""One address, several worker processes: where streams go, and what passes through."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from posewire.channel import channel_options
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub

from tests.serving.hosted_front import HostedFront
from tests.serving.portrait_worker import UPRIGHT
from tests.serving.raw_stream import JPEG, RawStream, code_info_text


@pytest.fixture(scope="module")
def front() -> Iterator[HostedFront]:
    with HostedFront() as opened:
        yield opened


def opened(stub: KeypointServiceStub) -> RawStream:
    stream = RawStream(stub, model="body")
    stream.started()
    return stream


def closed(front: HostedFront, streams: list[RawStream]) -> None:
    for stream in streams:
        stream.half_close()
        assert stream.end()[0] is StatusCode.OK
    front.wait_until(lambda: sum(front.streams.values()) == 0)


def test_front_spreads_the_streams_of_one_connection_evenly(front: HostedFront) -> None:
    streams = [opened(front.stub) for _ in range(8)]
    assert front.streams == {0: 4, 1: 4}
    closed(front, streams)


def test_front_spreads_the_streams_of_many_connections_evenly(front: HostedFront) -> None:
    with ExitStack() as stack:
        streams = []
        for _ in range(8):
            channel = grpc.insecure_channel(front.address, options=channel_options())
            streams.append(opened(KeypointServiceStub(stack.enter_context(channel))))
        assert front.streams == {0: 4, 1: 4}
        closed(front, streams)


def test_front_gives_a_stream_to_the_worker_that_one_has_left(front: HostedFront) -> None:
    streams = [opened(front.stub) for _ in range(4)]
    before = dict(front.streams)
    left = streams.pop(0)
    left.half_close()
    assert left.end()[0] is StatusCode.OK
    front.wait_until(lambda: front.streams != before)
    streams.append(opened(front.stub))
    assert front.streams == before
    closed(front, streams)


def test_front_passes_every_outcome_on(front: HostedFront) -> None:
    stream = opened(front.stub)
    for number, source in enumerate((JPEG, b"", JPEG[:100], JPEG)):
        stream.frame(number, source)
    stream.half_close()
    outcomes = [response.WhichOneof("response") for response in stream.rest()]
    assert outcomes == ["result", "frame_error", "frame_error", "result"]


def test_front_passes_the_end_of_a_stream_on_with_its_reason(front: HostedFront) -> None:
    code, info, text = RawStream(front.stub, model="boddy").end()
    assert (code, info.reason) == (StatusCode.NOT_FOUND, "MODEL_UNKNOWN")
    assert text.startswith("no model is named 'boddy'")


def test_front_passes_calls_and_their_errors_on(front: HostedFront) -> None:
    assert front.stub.GetModel(pb.GetModelRequest(name="body")).model.version == "v1"
    assert len(front.stub.ListModels(pb.ListModelsRequest()).models) > 1
    request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
    assert front.stub.DetectImage(request).result.image_width == 96
    with pytest.raises(grpc.RpcError) as raised:
        front.stub.DetectImage(pb.DetectImageRequest(model="body"))
    code, info, _ = code_info_text(raised.value)
    assert (code, info.reason) == (StatusCode.INVALID_ARGUMENT, "SOURCE_MISSING")


def test_front_passes_cancellation_on(front: HostedFront) -> None:
    stream = opened(front.stub)
    stream.frame(0, UPRIGHT)
    stream.call.cancel()
    front.wait_until(lambda: sum(front.streams.values()) == 0)


def test_front_passes_deadlines_on(front: HostedFront) -> None:
    stream = RawStream(front.stub, timeout_s=0.5, model="body")
    stream.frame(0, UPRIGHT)
    assert stream.end()[0] is StatusCode.DEADLINE_EXCEEDED
    front.wait_until(lambda: sum(front.streams.values()) == 0)


def test_front_is_healthy_for_each_model(front: HostedFront) -> None:
    with grpc.insecure_channel(front.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", "body", "posewire.v1.KeypointService"):
            status = health.Check(health_pb2.HealthCheckRequest(service=name)).status
            assert status == health_pb2.HealthCheckResponse.SERVING


def test_front_refuses_more_streams_than_allowed_over_all_workers() -> None:
    with HostedFront(max_streams=3) as front:
        streams = [opened(front.stub) for _ in range(3)]
        code, info, _ = RawStream(front.stub, model="body").end()
        assert (code, info.reason) == (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        assert info.metadata["max_streams"] == "3"
        closed(front, streams)


def test_front_listens_on_a_unix_socket(tmp_path: Path) -> None:
    with HostedFront(address=f"unix:{tmp_path}/front.sock") as front:
        closed(front, [opened(front.stub) for _ in range(2)])


def test_front_refuses_messages_that_are_too_large() -> None:
    with HostedFront(max_message_bytes=10_000) as front:
        stream = opened(front.stub)
        stream.frame(0, bytes(20_000))
        assert stream.end()[0] is StatusCode.RESOURCE_EXHAUSTED


def test_front_holds_a_client_back_whose_frames_wait(front: HostedFront) -> None:
    stream = RawStream(front.stub, model="body", max_in_flight=1)
    stream.started()
    raw = frame_pb2.RawImage(
        format=frame_pb2.PIXEL_FORMAT_BGR, width=640, height=1280, pixels=bytes(640 * 1280 * 3)
    )
    for number in range(50):
        frame = frame_pb2.Frame(sequence_id=number, raw_image=raw)
        stream.send(pb.DetectRequest(frame=frame))
    stream.call.cancel()
    assert stream.unsent > 20
    front.wait_until(lambda: sum(front.streams.values()) == 0)
