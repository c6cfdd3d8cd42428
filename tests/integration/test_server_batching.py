"""Frames of several streams and calls on one network, which runs when the test says so."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import RpcError, StatusCode
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.frame_pb2 import Frame
from posewire_server.inference.engine.predictor import Array

from tests.serving.batching import SUBLINEAR
from tests.serving.gated_predictor import PATIENCE_S, GatedPredictor
from tests.serving.hosted_server import HostedServer
from tests.serving.pictures import encode
from tests.serving.raw_stream import RawStream, code_info_text, info_of

HIGH, LOW, AS_DONE = pb.PRIORITY_HIGH, pb.PRIORITY_LOW, pb.ORDER_AS_DONE


def grey(value: int) -> bytes:
    """Returns a picture whose network input is ``value``, and 0 where it is padded."""
    return encode(np.full((48, 96, 3), value, np.uint8), ".png")


class SteppedPredictor(GatedPredictor):
    """Runs as often as a test permits."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = threading.Semaphore(0)

    def run(self, inputs: Array) -> list[Array]:
        assert self.permits.acquire(timeout=PATIENCE_S), "no test permitted this run"
        return super().run(inputs)


@pytest.fixture
def wide() -> Iterator[HostedServer]:
    """A server that works on many frames at once and joins up to 4, its network stopped."""
    with HostedServer(workers=16) as hosted:
        hosted.predictor.network.batcher.calibration = SUBLINEAR
        hosted.predictor.gate.clear()
        yield hosted


def wait_until_in_line(hosted: HostedServer, count: int) -> None:
    """Returns when so many frames are prepared and wait for the network."""
    batcher = hosted.predictor.network.batcher
    hosted.wait_until(lambda: len(batcher._queue) == count)


def occupy(hosted: HostedServer) -> RawStream:
    """Has a stream's frame run, which waits at the gate."""
    stream = RawStream(hosted.stub, model="body")
    stream.frame(0, grey(1))
    hosted.predictor.wait_until_started()
    return stream


def step(hosted: HostedServer, predictor: SteppedPredictor) -> None:
    """Has the network run once when all frames that are worked on are prepared."""
    batcher, dispatcher = hosted.predictor.network.batcher, hosted.server._dispatcher
    hosted.wait_until(lambda: len(batcher._queue) + 1 == len(dispatcher._running))
    runs = len(predictor.seen) + 1
    predictor.permits.release()
    hosted.wait_until(lambda: len(predictor.seen) == runs)


def finish(*streams: RawStream) -> list[str]:
    """Half-closes streams; returns the kinds of all their outcomes."""
    kinds = []
    for stream in streams:
        stream.half_close()
        kinds += [response.WhichOneof("response") or "" for response in stream.rest()]
    return [kind for kind in kinds if kind != "started"]


def test_frames_of_streams_and_calls_join_one_run(wide: HostedServer) -> None:
    streams = [occupy(wide)]
    for value in (2, 3, 4):
        streams.append(RawStream(wide.stub, model="body"))
        streams[-1].frame(0, grey(value))
    with ThreadPoolExecutor(1) as threads:
        request = pb.DetectImageRequest(model="body", frame=Frame(encoded_image=grey(5)))
        call = threads.submit(wide.stub.DetectImage, request, timeout=PATIENCE_S)
        wait_until_in_line(wide, 4)
        wide.predictor.gate.set()
        assert call.result(PATIENCE_S).result.image_width == 96
    assert finish(*streams) == ["result"] * 4
    first, joined = wide.predictor.seen
    assert first == [1.0]
    assert sorted(joined) == [2.0, 3.0, 4.0, 5.0]


def test_frame_that_is_broken_never_touches_its_batch(wide: HostedServer) -> None:
    streams = [occupy(wide)]
    for content in (grey(2), b"no picture", grey(3)):
        streams.append(RawStream(wide.stub, model="body"))
        streams[-1].frame(0, content)
    wait_until_in_line(wide, 2)
    wide.predictor.gate.set()
    assert finish(*streams) == ["result", "result", "frame_error", "result"]
    assert [len(values) for values in wide.predictor.seen] == [1, 2]


def test_batch_that_fails_is_run_frame_by_frame(wide: HostedServer) -> None:
    streams = [occupy(wide)]
    for value in (2, 3):
        streams.append(RawStream(wide.stub, model="body"))
        streams[-1].frame(0, grey(value))
    wait_until_in_line(wide, 2)
    wide.predictor.faults.extend([RuntimeError("first")] + 2 * [RuntimeError("second")])
    wide.predictor.gate.set()
    assert sorted(finish(*streams)) == ["frame_error", "frame_error", "result"]
    assert [len(values) for values in wide.predictor.seen] == [1, 2, 1, 1]


def test_frame_of_high_priority_is_next_though_all_threads_are_taken() -> None:
    with HostedServer(workers=2) as hosted:
        hosted.predictor.gate.clear()
        streams = [occupy(hosted)]
        for value in (2, 3, 4):
            streams.append(RawStream(hosted.stub, model="body"))
            streams[-1].frame(0, grey(value))
        wait_until_in_line(hosted, 1)
        hosted.wait_until_accepted(4)
        streams.append(RawStream(hosted.stub, model="body", priority=HIGH))
        streams[-1].frame(0, grey(9))
        wait_until_in_line(hosted, 2)
        hosted.predictor.gate.set()
        assert finish(*streams) == ["result"] * 5
        assert hosted.predictor.seen[:2] == [[1.0], [9.0]]


def test_deadline_that_passes_in_the_queue_is_answered_then() -> None:
    with HostedServer(workers=1) as hosted:
        hosted.predictor.gate.clear()
        busy = occupy(hosted)
        waiting = RawStream(hosted.stub, model="body", order=AS_DONE)
        waiting.frame(0)
        waiting.frame(1, deadline=Duration(nanos=1_000_000))
        waiting.started()
        response = waiting.next()
        assert response.frame_error.sequence_id == 1
        assert info_of(response.frame_error.status).reason == "FRAME_DEADLINE_EXCEEDED"
        soon = Frame(encoded_image=grey(1), deadline=Duration(nanos=1_000_000))
        request = pb.DetectImageRequest(model="body", frame=soon)
        with pytest.raises(RpcError) as raised:
            hosted.stub.DetectImage(request, timeout=PATIENCE_S)
        code, info, _ = code_info_text(raised.value)
        assert (code, info.reason) == (StatusCode.DEADLINE_EXCEEDED, "FRAME_DEADLINE_EXCEEDED")
        hosted.predictor.gate.set()
        assert finish(busy) == ["result"]
        waiting.half_close()
        assert [response.result.sequence_id for response in waiting.rest()] == [0]


def test_seven_streams_keep_their_rate_beside_a_greedy_one() -> None:
    """In each round the network can run twice as often as the seven send frames."""
    predictor = SteppedPredictor()
    with HostedServer(predictor=predictor) as hosted:
        greedy = RawStream(hosted.stub, model="body", max_in_flight=16)
        for number in range(200):
            greedy.frame(number)
        greedy.started()
        hosted.wait_until_accepted(16)
        cameras = [RawStream(hosted.stub, model="body") for _ in range(7)]
        for camera in cameras:
            camera.started()
        for number in range(5):
            for camera in cameras:
                camera.frame(number)
            hosted.wait_until_accepted(16 + 7)
            for _ in range(14):
                step(hosted, predictor)
            for camera in cameras:
                assert camera.next().result.sequence_id == number
            hosted.wait_until_accepted(16)
        predictor.permits.release(1000)
        assert finish(*cameras) == []


def test_low_priority_is_not_starved() -> None:
    """After the run in progress, three pass it before it is picked and three before it is run."""
    predictor = SteppedPredictor()
    with HostedServer(predictor=predictor, workers=1) as hosted:
        busy = RawStream(hosted.stub, model="body", max_in_flight=16, priority=HIGH)
        for number in range(100):
            busy.frame(number)
        hosted.wait_until_accepted(16)
        low = RawStream(hosted.stub, model="body", priority=LOW)
        low.frame(0)
        hosted.wait_until_accepted(17)
        for _ in range(1 + 3 + 3 + 1):
            step(hosted, predictor)
        low.started()
        assert low.next().result.sequence_id == 0
        predictor.permits.release(1000)
