"""Faults of the network in the middle of a stream."""

import logging

import pytest
from grpc import StatusCode
from posewire_server.errors import EngineError

from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import RawStream, info_of

SECRET = "conv2d at 0xdeadbeef in /opt/engine.so"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (EngineError("ENGINE_FAILED", SECRET), "ENGINE_FAILED"),
        (EngineError("INFERENCE_FAILED", SECRET), "ENGINE_FAILED"),
        (RuntimeError(SECRET), "INTERNAL"),
        (MemoryError(SECRET), "INTERNAL"),
    ],
)
def test_engine_fault_is_the_error_of_one_frame(
    hosted: HostedServer, caplog: pytest.LogCaptureFixture, fault: Exception, reason: str
) -> None:
    hosted.predictor.faults.append(fault)
    stream = RawStream(hosted.stub, model="body", max_in_flight=1)
    for number in range(3):
        stream.frame(number)
    stream.half_close()
    stream.started()
    with caplog.at_level(logging.ERROR):
        failed, *answered = stream.rest()
    assert failed.frame_error.sequence_id == 0
    assert failed.frame_error.status.code == StatusCode.INTERNAL.value[0]
    assert info_of(failed.frame_error.status).reason == reason
    assert b"deadbeef" not in failed.SerializeToString()
    assert [response.result.sequence_id for response in answered] == [1, 2]
    assert stream.end()[0] is StatusCode.OK
    assert SECRET in caplog.text


def test_engine_fault_in_one_stream_leaves_the_others_alone(hosted: HostedServer) -> None:
    streams = [RawStream(hosted.stub, model="body", max_in_flight=4) for _ in range(4)]
    hosted.predictor.faults.extend(RuntimeError(SECRET) for _ in range(5))
    for stream in streams:
        for number in range(10):
            stream.frame(number)
        stream.half_close()
    kinds = []
    for stream in streams:
        stream.started()
        responses = list(stream.rest())
        assert len(responses) == 10
        kinds += [response.WhichOneof("response") for response in responses]
    assert sorted(kinds) == ["frame_error"] * 5 + ["result"] * 35
