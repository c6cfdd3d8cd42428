"""``DetectImage`` as a stream of one frame, with frame threads that are moved by hand."""

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from typing import Any, cast

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.serving.rpc.response import DrainNotice
from posewire_server.serving.rpc.served_models import Models
from posewire_server.serving.rpc.server_config import Limits
from posewire_server.serving.rpc.servicer import KeypointServicer

from tests.serving.gated_predictor import GatedPredictor
from tests.serving.hand_pool import hand_dispatcher
from tests.serving.raw_stream import JPEG
from tests.serving.virtual_loop import run, until_idle


class AbortedError(Exception):
    """Attributes:
    info: The ErrorInfo of the call's status.
    """

    def __init__(self, status: Any) -> None:
        super().__init__(status.details)
        content = dict(status.trailing_metadata)["grpc-status-details-bin"]
        self.info = error_details_pb2.ErrorInfo()
        status_pb2.Status.FromString(content).details[0].Unpack(self.info)


class CallContext:
    def __init__(self, time_left_s: float | None = None) -> None:
        self.time_left_s = time_left_s

    def time_remaining(self) -> float | None:
        return self.time_left_s

    def peer(self) -> str:
        return "ipv4:127.0.0.1:4711"

    async def abort_with_status(self, status: grpc.Status) -> None:
        raise AbortedError(status)


class Calls:
    """A servicer, its frame threads, and the calls to it."""

    def __init__(self, **limits: int) -> None:
        dispatcher, self.pool = hand_dispatcher(frames=1)
        pipeline = GatedPredictor().pipeline()
        models = Models({"body": pipeline}, Limits(**limits))
        self.servicer = KeypointServicer(models, dispatcher, DrainNotice(1.0))

    def begin(
        self, number: int = 0, time_left_s: float | None = None, encoded: bytes = JPEG, **frame: Any
    ) -> "asyncio.Task[pb.DetectImageResponse]":
        message = frame_pb2.Frame(sequence_id=number, encoded_image=encoded, **frame)
        request = pb.DetectImageRequest(model="body", frame=message)
        return asyncio.create_task(self._call(request, CallContext(time_left_s)))

    async def _call(
        self, request: pb.DetectImageRequest, context: CallContext
    ) -> pb.DetectImageResponse:
        return cast("pb.DetectImageResponse", await self.servicer.DetectImage(request, context))

    async def work(self) -> None:
        self.pool.run()
        await until_idle()


async def reason_of(call: Coroutine[Any, Any, Any] | asyncio.Task[Any]) -> str:
    with pytest.raises(AbortedError) as raised:
        await call
    return str(raised.value.info.reason)


def test_calls_over_the_limit_are_refused() -> None:
    async def main() -> None:
        calls = Calls(max_streams=2)
        waiting = [calls.begin(number) for number in range(2)]
        await until_idle()
        with pytest.raises(AbortedError) as raised:
            await calls.begin()
        assert raised.value.info.reason == "QUEUE_FULL"
        assert raised.value.info.metadata == {"max_in_flight": "2"}
        for number, call in enumerate(waiting):
            await calls.work()
            assert (await call).result.sequence_id == number
        again = calls.begin(7)
        await until_idle()
        await calls.work()
        assert (await again).result.sequence_id == 7

    run(main())


def test_calls_share_the_bytes_in_flight_of_all_streams() -> None:
    async def main() -> None:
        calls = Calls(max_bytes_in_flight=10)
        first = calls.begin(encoded=bytes(8))
        await until_idle()
        with pytest.raises(AbortedError) as raised:
            await calls.begin(encoded=bytes(8))
        assert raised.value.info.reason == "BYTES_EXHAUSTED"
        assert raised.value.info.metadata == {"max_bytes_in_flight": "10"}
        await calls.work()
        assert await reason_of(first) == "IMAGE_FORMAT_UNSUPPORTED"
        assert calls.servicer._bytes.held_bytes == 0

    run(main())


def test_call_cancelled_while_it_waits_is_never_worked_on() -> None:
    async def main() -> None:
        calls = Calls()
        first, second = calls.begin(1), calls.begin(2)
        await until_idle()
        second.cancel()
        await until_idle()
        await calls.work()
        assert (await first).result.sequence_id == 1
        assert not calls.pool.begun
        assert calls.servicer._bytes.held_bytes == 0

    run(main())


def test_call_cancelled_while_it_is_worked_on_stops_before_its_next_stage() -> None:
    async def main() -> None:
        calls = Calls()
        call = calls.begin()
        await until_idle()
        (stream,) = calls.servicer._streams
        (accepted,) = stream._running
        call.cancel()
        await until_idle()
        assert accepted.context.is_cancelled
        await calls.work()
        assert call.cancelled()
        assert accepted.context.timings.decode_s == 0
        assert not calls.servicer._streams

    run(main())


def test_call_whose_deadline_passes_while_it_waits_is_answered_then() -> None:
    async def main() -> None:
        calls = Calls()
        first = calls.begin(1)
        await until_idle()
        assert await reason_of(calls.begin(7, 0.0)) == "FRAME_DEADLINE_EXCEEDED"
        assert len(calls.pool.begun) == 1
        await calls.work()
        assert (await first).result.sequence_id == 1
        assert not calls.pool.begun

    run(main())


@pytest.mark.parametrize(
    ("time_left_s", "frame_s", "expected_s"),
    [(3.0, None, 3.0), (3.0, 5.0, 3.0), (5.0, 3.0, 3.0), (None, 3.0, 3.0)],
)
def test_call_deadline_is_the_earlier_one_of_call_and_frame(
    time_left_s: float | None, frame_s: float | None, expected_s: float
) -> None:
    async def main() -> float:
        calls = Calls()
        deadline = {} if frame_s is None else {"deadline": Duration(seconds=int(frame_s))}
        call = calls.begin(0, time_left_s, **deadline)
        await until_idle()
        (stream,) = calls.servicer._streams
        (accepted,) = stream._running
        await calls.work()
        await call
        return accepted.context.deadline_s - accepted.context.arrived_s

    assert run(main()) == pytest.approx(expected_s)


def test_call_left_unanswered_by_a_drain_is_told_so() -> None:
    async def main() -> None:
        calls = Calls()
        running, waiting = calls.begin(1), calls.begin(2)
        await until_idle()
        drained = asyncio.create_task(calls.servicer.drain())
        assert await reason_of(waiting) == "SERVER_DRAINING"
        assert await reason_of(running) == "SERVER_DRAINING"
        await drained
        assert await reason_of(calls.begin(3)) == "SERVER_DRAINING"
        await calls.work()
        assert calls.servicer._bytes.held_bytes == 0

    run(main())


def test_call_that_is_worked_on_is_answered_within_the_grace_of_a_drain() -> None:
    async def main() -> None:
        calls = Calls()
        call = calls.begin(1)
        await until_idle()
        drained = asyncio.create_task(calls.servicer.drain())
        await until_idle()
        await calls.work()
        assert (await call).result.sequence_id == 1
        await drained

    run(main())


@pytest.mark.parametrize(("encoded", "time_left_s"), [(JPEG, None), (bytes(8), None), (JPEG, 0.0)])
def test_call_that_has_ended_leaves_nothing_for_the_garbage_collector(
    encoded: bytes, time_left_s: float | None
) -> None:
    async def main() -> None:
        calls = Calls()
        call = calls.begin(encoded=encoded, time_left_s=time_left_s)
        await until_idle()
        streams = [weakref.ref(stream) for stream in calls.servicer._streams]
        assert len(streams) == 1
        await calls.work()
        await asyncio.wait((call,))
        assert [stream() for stream in streams] == [None]

    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()
