"""The end of a server: clients are told, what was accepted is answered, and it ends in time."""

import signal
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from posewire.channel import channel_options
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.serving.server_process import ServerProcess
from posewire_server.serving.streams.stream_settings import StreamPhase

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG, RawStream, code_info_text

DRAINING = (StatusCode.UNAVAILABLE, "SERVER_DRAINING")


def test_drain_tells_streams_and_answers_what_was_accepted(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", max_in_flight=2)
    stream.started()
    for number in range(5):  # two are accepted, the third waits at the door
        stream.frame(number)
    hosted.wait_until_accepted(2)
    drained = hosted.submit(hosted.server.drain())
    told = stream.next()
    assert told.draining.grace.seconds == PATIENCE_S
    assert told.credit == 0
    hosted.predictor.gate.set()
    assert [stream.next().result.sequence_id for _ in range(2)] == [0, 1]
    code, info, _ = stream.end()
    assert (code, info.reason) == DRAINING
    drained.result(PATIENCE_S)


def test_drain_ends_idle_streams_at_once(hosted: HostedServer) -> None:
    streams = [RawStream(hosted.stub, model="body") for _ in range(10)]
    for stream in streams:
        stream.started()
    hosted.submit(hosted.server.drain()).result(PATIENCE_S)
    for stream in streams:
        assert stream.next().WhichOneof("response") == "draining"
        code, info, text = stream.end()
        assert (code, info.reason) == DRAINING
        assert "another server" in text


def test_drain_lets_a_client_that_half_closed_end_ok(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0)
    stream.frame(1)
    stream.half_close()
    stream.started()
    hosted.wait_until_accepted(2)
    hosted.wait_until(
        lambda: all(s._phase > StreamPhase.OPEN for s in hosted.server._servicer._streams)
    )
    drained = hosted.submit(hosted.server.drain())
    hosted.predictor.gate.set()
    responses = [response for response in stream.rest() if not response.HasField("draining")]
    assert [response.result.sequence_id for response in responses] == [0, 1]
    assert stream.end()[0] is StatusCode.OK
    drained.result(PATIENCE_S)


def test_drain_refuses_new_work_while_old_work_ends(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body")
    stream.started()
    stream.frame(0)
    hosted.wait_until_accepted(1)
    drained = hosted.submit(hosted.server.drain())
    assert stream.next().WhichOneof("response") == "draining"
    code, info, _ = RawStream(hosted.stub, model="body").end()
    assert (code, info.reason) == DRAINING
    request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
    with pytest.raises(grpc.RpcError) as raised:
        hosted.stub.DetectImage(request, timeout=PATIENCE_S)
    code, info, _ = code_info_text(raised.value)
    assert (code, info.reason) == DRAINING
    hosted.predictor.gate.set()
    assert stream.next().result.image_width == 96
    drained.result(PATIENCE_S)


def test_drain_answers_a_call_that_is_being_worked_on(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
    call: Any = hosted.stub.DetectImage.future(request, timeout=PATIENCE_S)
    hosted.predictor.wait_until_started()
    drained = hosted.submit(hosted.server.drain())
    hosted.predictor.gate.set()
    assert call.result().result.image_width == 96
    drained.result(PATIENCE_S)


def test_drain_ends_streams_when_the_grace_is_over() -> None:
    with HostedServer(grace_s=0.2) as hosted:
        hosted.predictor.gate.clear()
        busy = RawStream(hosted.stub, model="body")
        closed = RawStream(hosted.stub, model="body")
        for stream in (busy, closed):
            stream.started()
            stream.frame(0)
        closed.half_close()
        hosted.wait_until_accepted(2)
        drained = hosted.submit(hosted.server.drain())
        for stream in (busy, closed):
            code, info, _ = stream.end()
            assert (code, info.reason) == DRAINING
        hosted.predictor.gate.set()
        drained.result(PATIENCE_S)


def test_drain_ends_calls_when_the_grace_is_over() -> None:
    with HostedServer(grace_s=0.2) as hosted:
        hosted.predictor.gate.clear()
        request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
        call: Any = hosted.stub.DetectImage.future(request, timeout=PATIENCE_S)
        hosted.predictor.wait_until_started()
        drained = hosted.submit(hosted.server.drain())
        with pytest.raises(grpc.RpcError) as raised:
            call.result()
        code, info, _ = code_info_text(raised.value)
        assert (code, info.reason) == DRAINING
        hosted.predictor.gate.set()
        drained.result(PATIENCE_S)


def test_drain_waits_neither_for_watches_nor_for_streams_without_config() -> None:
    with HostedServer() as hosted, grpc.insecure_channel(hosted.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
        next(watch)
        silent = RawStream(hosted.stub)
        hosted.wait_until(lambda: hosted.server._servicer._stream_limiter.open == 1)
        hosted.submit(hosted.server.drain()).result(PATIENCE_S / 2)
        code, info, _ = silent.end()
        assert (code, info.reason) == DRAINING


@pytest.fixture
def process(weights: StoredModel) -> Iterator[ServerProcess]:
    assert weights.spec.name == "body"
    with ServerProcess(["--models", "body"]) as opened:
        yield opened


def open_busy_stream(stub: KeypointServiceStub, frames: int) -> RawStream:
    """Returns a stream whose first frame has been answered while the others wait."""
    stream = RawStream(stub, model="body", max_in_flight=frames)
    stream.started()
    for number in range(frames):
        stream.frame(number)
    assert stream.next().result.sequence_id == 0
    return stream


def test_sigterm_in_the_middle_drains_and_exits_with_zero(process: ServerProcess) -> None:
    with grpc.insecure_channel(process.address, options=channel_options()) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service="body"), timeout=PATIENCE_S)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        stream = open_busy_stream(KeypointServiceStub(channel), 4)
        process.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        responses = [stream.next() for _ in range(4)]
        assert sum(response.HasField("draining") for response in responses) == 1
        answers = [response.result for response in responses if response.HasField("result")]
        assert [result.sequence_id for result in answers] == [1, 2, 3]
        code, info, _ = stream.end()
        assert (code, info.reason) == DRAINING
        assert process.process.wait(PATIENCE_S) == 0


def test_second_sigterm_ends_at_once(process: ServerProcess) -> None:
    with grpc.insecure_channel(process.address, options=channel_options()) as channel:
        stream = open_busy_stream(KeypointServiceStub(channel), 16)
        process.process.send_signal(signal.SIGTERM)
        while not stream.next().HasField("draining"):
            pass
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(PATIENCE_S) == -signal.SIGTERM
        assert stream.end()[0] is StatusCode.UNAVAILABLE
