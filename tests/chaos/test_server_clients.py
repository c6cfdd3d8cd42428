"""Clients that vanish, stop reading, or come all at once."""

import subprocess
import sys

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode
from posewire.channel import channel_options
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.serving.rpc.server_config import Limits
from posewire_server.serving.streams.admission import _MOST_UNREAD as MOST_UNREAD

from tests.serving.hosted_server import HostedServer
from tests.serving.pictures import encode, noise
from tests.serving.raw_stream import JPEG, RawStream

# Opens streams and sends frames until it is killed; says so once the server has answered.
ENDLESS_CLIENT = """
import itertools, sys
import cv2, numpy
from posewire import Client
jpeg = cv2.imencode(".jpg", numpy.zeros((64, 96, 3), numpy.uint8))[1].tobytes()
client = Client(sys.argv[1])
for outcome in client.detect(itertools.repeat(jpeg)):
    print("answered", flush=True)
"""


def check_served(hosted: HostedServer) -> None:
    with grpc.insecure_channel(hosted.address, options=channel_options()) as channel:
        stream = RawStream(KeypointServiceStub(channel), model="body")
        stream.frame(0)
        stream.half_close()
        stream.started()
        assert stream.next().result.image_width == 96
        assert stream.end()[0] is StatusCode.OK


def test_client_that_is_killed_leaves_nothing_behind(hosted: HostedServer) -> None:
    command = [sys.executable, "-c", ENDLESS_CLIENT, hosted.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"answered\n"
        process.kill()
    hosted.wait_until_calls_ended()
    assert hosted.server._servicer._stream_limiter.open == 0
    assert not hosted.server._servicer._streams
    check_served(hosted)


def test_client_that_half_closes_gets_all_it_is_owed(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", max_in_flight=16)
    stream.started()
    for number in range(8):
        stream.frame(number)
    stream.half_close()
    hosted.predictor.wait_until_started()
    hosted.predictor.gate.set()
    assert [response.result.sequence_id for response in stream.rest()] == list(range(8))
    assert stream.end()[0] is StatusCode.OK


def test_client_that_half_closes_without_frames_ends_ok(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    stream.half_close()
    stream.started()
    assert stream.end()[0] is StatusCode.OK


def test_client_that_never_reads_is_held_back_and_others_are_served(
    hosted: HostedServer,
) -> None:
    # Errors are answered without any work, so only what is unread can hold the reader back.
    options = [("grpc.http2.lookahead_bytes", 4096), ("grpc.http2.bdp_probe", 0)]
    with grpc.insecure_channel(hosted.address, options=options) as channel:
        stub = KeypointServiceStub(channel)
        stream = RawStream(
            stub, model="body", overflow_policy=pb.OVERFLOW_POLICY_REJECT_NEW, max_in_flight=1
        )
        stream.frame(0)
        hosted.predictor.wait_until_started()
        for _ in range(20_000):
            stream.frame(0, b"")
        (server_side,) = hosted.server._servicer._streams
        hosted.wait_until(lambda: len(server_side._outcomes) > MOST_UNREAD)
        check_served(hosted)
        assert len(server_side._outcomes) == MOST_UNREAD + 1
        assert stream.unsent > 10_000
        stream.call.cancel()
    hosted.wait_until_calls_ended()
    assert hosted.server._servicer._stream_limiter.open == 0


@pytest.mark.parametrize("policy", ["BLOCK", "DROP_OLDEST"])
def test_client_that_sends_thousands_and_never_reads_holds_little(
    hosted: HostedServer, policy: str
) -> None:
    options = [("grpc.http2.lookahead_bytes", 4096), ("grpc.http2.bdp_probe", 0)]
    overflow_policy = pb.OverflowPolicy.Value(f"OVERFLOW_POLICY_{policy}")
    sent, size = 5_000, 20_000
    with grpc.insecure_channel(hosted.address, options=options) as channel:
        stream = RawStream(
            KeypointServiceStub(channel),
            model="body",
            overflow_policy=overflow_policy,
            max_in_flight=4,
        )
        for number in range(sent):
            stream.frame(number, JPEG + bytes(size))
        hosted.predictor.wait_until_started()
        (server_side,) = hosted.server._servicer._streams
        for _ in range(20):
            check_served(hosted)
            assert hosted.server._servicer._bytes.held_bytes <= 5 * (size + len(JPEG))
            assert server_side._admission.in_flight <= 4
            assert len(server_side._outcomes) <= MOST_UNREAD + 1
        stream.call.cancel()
    hosted.wait_until_idle()
    assert hosted.server._servicer._bytes.held_bytes == 0


def test_clients_that_send_nothing_after_their_config_hear_heartbeats(
    hosted: HostedServer,
) -> None:
    beat = Duration(nanos=100_000_000)
    with grpc.insecure_channel(hosted.address, options=channel_options()) as channel:
        stub = KeypointServiceStub(channel)
        silent = [RawStream(stub, model="body", heartbeat_interval=beat) for _ in range(50)]
        for stream in silent:
            stream.started()
        for stream in silent:
            assert stream.next().heartbeat.server_time.seconds > 0
        check_served(hosted)
    hosted.wait_until_calls_ended()
    assert not hosted.server._servicer._streams


def test_heartbeats_come_while_a_frame_is_worked_on(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    beat = Duration(nanos=100_000_000)
    stream = RawStream(hosted.stub, model="body", heartbeat_interval=beat)
    stream.started()
    stream.frame(0)
    hosted.predictor.wait_until_started()
    assert [stream.next().WhichOneof("response") for _ in range(3)] == ["heartbeat"] * 3
    hosted.predictor.gate.set()
    while not (response := stream.next()).HasField("result"):
        assert response.HasField("heartbeat")
    stream.call.cancel()


def test_streams_over_the_limit_are_refused_and_the_others_work() -> None:
    with HostedServer(limits=Limits(max_streams=100)) as hosted:
        streams = [RawStream(hosted.stub, model="body") for _ in range(200)]
        opened, refused = [], []
        for stream in streams:
            try:
                stream.started()
                opened.append(stream)
            except grpc.RpcError:
                refused.append(stream.end())
        assert (len(opened), len(refused)) == (100, 100)
        for code, info, text in refused:
            assert (code, info.reason) == (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
            assert dict(info.metadata) == {"max_streams": "100"}
            assert "retry" in text
        for stream in opened:
            stream.frame(0)
            stream.half_close()
        assert [stream.next().result.image_width for stream in opened] == [96] * 100
        assert {stream.end()[0] for stream in opened} == {StatusCode.OK}
        hosted.wait_until_calls_ended()
        check_served(hosted)


def test_streams_cancelled_by_the_hundred_give_their_places_back() -> None:
    with HostedServer(limits=Limits(max_streams=10)) as hosted:
        large = encode(noise(640, 480))
        for round_number in range(30):
            streams = [RawStream(hosted.stub, model="body") for _ in range(10)]
            for stream in streams:
                stream.started()
                stream.frame(0, large if round_number % 2 else JPEG)
            for stream in streams:
                stream.call.cancel()
            hosted.wait_until_calls_ended()
            assert hosted.server._servicer._stream_limiter.open == 0
        check_served(hosted)


def test_client_deadline_ends_its_stream(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, timeout_s=1.0, model="body")
    stream.frame(0)
    assert stream.end()[0] is StatusCode.DEADLINE_EXCEEDED
    hosted.wait_until_calls_ended()
    assert hosted.server._servicer._stream_limiter.open == 0
