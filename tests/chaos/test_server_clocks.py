"""Clocks that jump and times that make no sense: every frame has its outcome all the same."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from posewire.v1 import keypoint_service_pb2 as pb

from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import RawStream, info_of

YEAR_1, YEAR_9999 = -62_135_596_800, 253_402_300_799
NOW = 1_700_000_000
JUMPS = [NOW, NOW + 1, NOW - 3600, NOW, YEAR_9999, NOW + 2, YEAR_1, YEAR_1, 0, -1, NOW + 3]


@pytest.mark.parametrize("tracks", [False, True], ids=["plain", "tracking"])
def test_stream_clock_that_jumps_does_no_harm(hosted: HostedServer, tracks: bool) -> None:
    tracking = pb.TrackingOptions() if tracks else None
    stream = RawStream(hosted.stub, model="body", tracking=tracking)
    times = [Timestamp(seconds=seconds, nanos=5) for seconds in JUMPS]
    for number, time in enumerate(times):
        stream.frame(number, capture_time=time)
    stream.half_close()
    stream.started()
    results = [response.result for response in stream.rest()]
    assert [result.sequence_id for result in results] == list(range(len(JUMPS)))
    assert [result.capture_time for result in results] == times


@pytest.mark.parametrize("tracks", [False, True], ids=["plain", "tracking"])
@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63)])
@pytest.mark.parametrize("nanos", [2**31 - 1, -(2**31)])
def test_stream_time_that_is_none_has_an_outcome(
    hosted: HostedServer, tracks: bool, seconds: int, nanos: int
) -> None:
    tracking = pb.TrackingOptions() if tracks else None
    stream = RawStream(hosted.stub, model="body", tracking=tracking)
    stream.frame(0)
    stream.frame(1, capture_time=Timestamp(seconds=seconds, nanos=nanos))
    stream.frame(2, capture_time=Timestamp(seconds=NOW))
    stream.half_close()
    stream.started()
    first, second, third = stream.rest()
    assert (first.result.sequence_id, third.result.sequence_id) == (0, 2)
    assert 1 in {second.result.sequence_id, second.frame_error.sequence_id}
    if second.HasField("frame_error"):
        assert info_of(second.frame_error.status).reason != "INTERNAL"
    assert stream.end()[0] is StatusCode.OK


@pytest.mark.parametrize(
    ("deadline", "answered"),
    [
        (Duration(seconds=315_576_000_000), True),
        (Duration(seconds=2**63 - 1), True),
        (Duration(seconds=-1), False),
        (Duration(nanos=-1), False),
        (Duration(), False),
    ],
)
def test_frame_any_deadline_has_an_outcome(
    hosted: HostedServer, deadline: Duration, answered: bool
) -> None:
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0, deadline=deadline)
    stream.frame(1)
    stream.half_close()
    stream.started()
    first, second = stream.rest()
    assert first.HasField("result") is answered
    if not answered:
        assert info_of(first.frame_error.status).reason == "FRAME_DEADLINE_EXCEEDED"
    assert second.result.sequence_id == 1


def test_stream_of_endless_times_works(hosted: HostedServer) -> None:
    forever = Duration(seconds=2**62)
    stream = RawStream(hosted.stub, model="body", max_frame_age=forever, heartbeat_interval=forever)
    stream.frame(0)
    stream.half_close()
    assert stream.started().config.max_frame_age == forever
    assert stream.next().result.image_width == 96
    assert stream.end()[0] is StatusCode.OK


def test_stream_frame_that_waited_too_long_is_dropped_and_the_next_answered(
    hosted: HostedServer,
) -> None:
    hosted.predictor.gate.clear()
    stream = RawStream(hosted.stub, model="body", max_frame_age=Duration(seconds=1))
    stream.started()
    for number in range(4):
        stream.frame(number)
    hosted.wait_until_accepted(4)
    (server_side,) = hosted.server._servicer._streams
    for accepted in server_side._waiting:
        accepted.context.arrived_s -= 2.0
    hosted.predictor.gate.set()
    stream.half_close()
    kinds = [(response.WhichOneof("response")) for response in stream.rest()]
    assert sorted(set(kinds)) == ["dropped", "result"]
