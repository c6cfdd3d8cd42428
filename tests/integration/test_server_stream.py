"""Streams over real gRPC, around a network that waits for the test."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.frame_pb2 import PIXEL_FORMAT_BGR, Frame, RawImage
from posewire_server.serving.rpc import grpc_server
from posewire_server.serving.rpc.request_parser import RawFrame, read_request

from tests.serving.hosted_server import HostedServer
from tests.serving.pictures import encode, noise
from tests.serving.raw_stream import RawStream, info_of

DROP_OLDEST, REJECT_NEW = pb.OVERFLOW_POLICY_DROP_OLDEST, pb.OVERFLOW_POLICY_REJECT_NEW


def number_of(response: pb.DetectResponse) -> int:
    """Returns the sequence id of a result or an error."""
    kind = response.WhichOneof("response")
    assert kind in {"result", "frame_error"}, response
    number: int = getattr(response, kind).sequence_id
    return number


def test_stream_started_tells_the_settings_in_force(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="openpose_body_estimation", max_in_flight=1000)
    started = stream.started()
    assert started.config.model == "body"
    assert started.config.mode == "fast"
    assert started.config.max_in_flight == started.model.limits.max_in_flight == 16
    assert started.config.order == pb.ORDER_AS_SENT
    assert started.config.overflow_policy == pb.OVERFLOW_POLICY_BLOCK
    assert started.stream_id
    stream.half_close()
    assert stream.end()[0] is StatusCode.OK


def test_stream_ids_differ(hosted: HostedServer) -> None:
    streams = [RawStream(hosted.stub, model="body") for _ in range(3)]
    assert len({stream.started().stream_id for stream in streams}) == 3


def test_stream_answers_each_frame_in_order_and_ends_ok(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body", max_in_flight=3)
    numbers = [0, 1, 5, 2**63, 2**64 - 1]
    for number in numbers:
        stream.frame(number)
    stream.half_close()
    stream.started()
    responses = list(stream.rest())
    assert [response.result.sequence_id for response in responses] == numbers
    assert stream.end()[0] is StatusCode.OK


def test_stream_result_echoes_the_frame(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    time = Timestamp(seconds=12, nanos=34)
    stream.frame(7, encode(noise(123, 45), ".png"), capture_time=time)
    stream.half_close()
    stream.started()
    (response,) = stream.rest()
    result = response.result
    assert (result.image_width, result.image_height) == (123, 45)
    assert (result.capture_time, result.model_version) == (time, "v1")
    assert result.timings.infer.ToNanoseconds() > 0


def test_stream_read_mask_leaves_the_rest_out(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body", read_mask=FieldMask(paths=["image_width"]))
    stream.frame(7)
    stream.half_close()
    stream.started()
    (response,) = stream.rest()
    assert response.result == pb.Result(sequence_id=7, image_width=96)


@pytest.mark.parametrize(
    ("order", "expected"), [(pb.ORDER_AS_SENT, [0, 1, 2]), (pb.ORDER_AS_DONE, [1, 0, 2])]
)
def test_stream_order_decides_when_an_early_outcome_comes(
    hosted: HostedServer, order: pb.Order, expected: list[int]
) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", order=order)
    stream.started()
    stream.frame(0)
    hosted.predictor.wait_until_started()
    stream.frame(1, b"no image")
    found = [number_of(stream.next())] if order == pb.ORDER_AS_DONE else []
    hosted.predictor.gate.set()
    found.append(number_of(stream.next()))
    stream.frame(2)
    stream.half_close()
    found += [number_of(response) for response in stream.rest()]
    assert found == expected


def test_stream_drop_oldest_announces_drops_and_answers_the_newest(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(
        hosted.stub, model="body", overflow_policy=DROP_OLDEST, order=pb.ORDER_AS_DONE
    )
    assert stream.started().config.max_in_flight == 2
    stream.frame(0)
    hosted.predictor.wait_until_started()
    for number in range(1, 8):
        stream.frame(number)
    dropped: list[int] = []
    while len(dropped) < 6:
        response = stream.next()
        drop = response.dropped
        assert drop.reason == pb.DROP_REASON_OVERFLOW
        assert drop.count == drop.last_sequence_id - drop.first_sequence_id + 1
        dropped += range(drop.first_sequence_id, drop.last_sequence_id + 1)
    assert dropped == [1, 2, 3, 4, 5, 6]
    hosted.predictor.gate.set()
    stream.half_close()
    assert [number_of(response) for response in stream.rest()] == [0, 7]


def test_stream_reject_new_answers_resource_exhausted(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(
        hosted.stub,
        model="body",
        max_in_flight=1,
        overflow_policy=REJECT_NEW,
        order=pb.ORDER_AS_DONE,
    )
    stream.started()
    stream.frame(0)
    hosted.predictor.wait_until_started()
    stream.frame(1)
    response = stream.next()
    status = response.frame_error.status
    assert (number_of(response), status.code) == (1, StatusCode.RESOURCE_EXHAUSTED.value[0])
    assert info_of(status).reason == "QUEUE_FULL"
    assert dict(info_of(status).metadata) == {"max_in_flight": "1"}
    assert response.credit == 0
    hosted.predictor.gate.set()
    answered = stream.next()
    assert (number_of(answered), answered.credit) == (0, 1)
    stream.frame(2)
    stream.half_close()
    assert [number_of(response) for response in stream.rest()] == [2]


def test_stream_block_reads_no_further_than_there_is_room(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", max_in_flight=2)
    stream.started()
    for number in range(20):
        stream.frame(number)
    stream.half_close()
    hosted.predictor.wait_until_started()
    (server_side,) = hosted.server._servicer._streams
    assert len(server_side._waiting) + len(server_side._running) <= 2
    hosted.predictor.gate.set()
    assert [number_of(response) for response in stream.rest()] == list(range(20))


def test_stream_frame_over_its_age_is_dropped(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body", max_frame_age=Duration(nanos=1))
    stream.frame(3)
    stream.frame(9)
    stream.half_close()
    stream.started()
    drops = [response.dropped for response in stream.rest()]
    assert {drop.reason for drop in drops} == {pb.DROP_REASON_TOO_OLD}
    assert sum(drop.count for drop in drops) == 2
    assert (drops[0].first_sequence_id, drops[-1].last_sequence_id) == (3, 9)
    assert not hosted.predictor.started.acquire(blocking=False)


def test_stream_frame_past_its_deadline_is_an_error_and_no_work(hosted: HostedServer) -> None:
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0, deadline=Duration())
    stream.frame(1, deadline=Duration(seconds=3600))
    stream.half_close()
    stream.started()
    late, in_time = stream.rest()
    assert late.frame_error.status.code == StatusCode.DEADLINE_EXCEEDED.value[0]
    info = info_of(late.frame_error.status)
    assert (info.reason, dict(info.metadata)) == ("FRAME_DEADLINE_EXCEEDED", {"stage": "decode"})
    assert in_time.result.sequence_id == 1


def test_stream_heartbeat_comes_when_nothing_else_does(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", heartbeat_interval=Duration(nanos=100_000_000))
    stream.started()
    stream.frame(0)
    beat = stream.next()
    assert beat.heartbeat.server_time.seconds > 1_000_000_000
    assert beat.credit == 1
    hosted.predictor.gate.set()
    stream.half_close()
    kinds = {response.WhichOneof("response") for response in stream.rest()}
    assert "result" in kinds
    assert kinds <= {"result", "heartbeat"}


def test_stream_cancelled_stops_its_work_and_gives_its_place_back(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body")
    stream.started()
    for number in range(4):
        stream.frame(number)
    hosted.predictor.wait_until_started()
    stream.call.cancel()
    hosted.wait_until_calls_ended()
    assert hosted.server._servicer._stream_limiter.open == 0
    hosted.predictor.gate.set()
    after = RawStream(hosted.stub, model="body")
    after.frame(0)
    after.half_close()
    after.started()
    assert number_of(after.next()) == 0
    hosted.predictor.wait_until_started()  # for the frame just answered
    assert not hosted.predictor.started.acquire(blocking=False)


def test_stream_two_clients_are_both_answered(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    crowd = RawStream(hosted.stub, model="body", max_in_flight=16)
    single = RawStream(hosted.stub, model="body")
    crowd.started()
    single.started()
    for number in range(16):
        crowd.frame(number)
    hosted.predictor.wait_until_started()
    single.frame(0)
    hosted.predictor.gate.set()
    assert number_of(single.next()) == 0
    single.half_close()
    crowd.half_close()
    assert [number_of(response) for response in crowd.rest()] == list(range(16))


def test_stream_reads_raw_images_without_protobuf(monkeypatch: pytest.MonkeyPatch) -> None:
    """gRPC prefers the generated handler wherever it may; ours has to be the one that answers."""
    read: list[object] = []

    def spy(content: bytes) -> object:
        read.append(read_request(content))
        return read[-1]

    monkeypatch.setattr(grpc_server, "read_request", spy)
    with HostedServer() as hosted:
        stream = RawStream(hosted.stub, model="body")
        image = RawImage(format=PIXEL_FORMAT_BGR, width=640, height=480, pixels=bytes(921_600))
        stream.send(pb.DetectRequest(frame=Frame(sequence_id=1, raw_image=image)))
        stream.half_close()
        stream.started()
        assert [response.result.sequence_id for response in stream.rest()] == [1]
    assert [type(request) for request in read] == [pb.DetectRequest, RawFrame]
