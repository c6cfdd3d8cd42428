"""Workers that are killed, fronts that are told to end, fronts that are killed."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import kill
from typing import Any

import grpc
import psutil
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from posewire.channel import channel_options
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.errors import EngineError
from posewire_server.serving.front.supervisor import RestartPolicy
from posewire_server.serving.server_process import ServerProcess

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_front import HostedFront
from tests.serving.portrait_front import WORKER
from tests.serving.portrait_worker import UPRIGHT
from tests.serving.raw_stream import JPEG, RawStream, code_info_text

LOST = (StatusCode.UNAVAILABLE, "WORKER_LOST")
DRAINING = (StatusCode.UNAVAILABLE, "SERVER_DRAINING")
ROUNDS = 6  # of two kills
FEW = 3  # connections that gRPC closes in its own time


def opened(front: HostedFront, **config: object) -> tuple[int, RawStream]:
    """Returns a stream and the place of its worker."""
    before = front.streams
    stream = RawStream(front.stub, model="body", **config)
    stream.started()
    (place,) = [place for place, count in front.streams.items() if count > before[place]]
    return place, stream


def test_killed_worker_has_its_streams_told_and_disturbs_no_other() -> None:
    with HostedFront() as front:
        streams = dict([opened(front, order=pb.ORDER_AS_DONE), opened(front)])
        for number in (0, 1, 3, 3):  # the last is refused at once
            streams[0].frame(number, UPRIGHT)
        streams[1].frame(0)
        assert streams[0].next().frame_error.sequence_id == 3
        assert streams[1].next().result.sequence_id == 0
        front.kill_worker(0)
        assert streams[0].next().draining == pb.Draining(last_sequence_id=3)
        rows = [streams[0].next().dropped for _ in range(2)]
        assert rows == [dropped(0, 1, 2), dropped(3, 3, 1)]
        code, info, text = streams[0].end()
        assert (code, info.reason) == LOST
        assert "resume" in text
        streams[1].frame(1)
        streams[1].half_close()
        assert [response.result.sequence_id for response in streams[1].rest()] == [1]


def dropped(first: int, last: int, count: int) -> pb.Dropped:
    return pb.Dropped(
        first_sequence_id=first,
        last_sequence_id=last,
        count=count,
        reason=pb.DROP_REASON_DRAINING,
    )


def test_killed_worker_has_its_call_made_again_once() -> None:
    with HostedFront() as front:
        request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=UPRIGHT))
        call = front.stub.DetectImage.future(request, timeout=PATIENCE_S)
        workers = front.front._workers._by_slot
        front.wait_until(lambda: sum(worker.calls for worker in workers.values()) == 1)
        (first,) = [slot for slot, worker in workers.items() if worker.calls]
        front.kill_worker(first)
        front.wait_until(lambda: workers[1 - first].calls == 1)
        front.kill_worker(1 - first)
        with pytest.raises(grpc.RpcError) as raised:
            call.result(PATIENCE_S)
        code, info, _ = code_info_text(raised.value)
        assert (code, info.reason) == LOST


def test_health_tells_when_no_worker_serves_and_when_one_does_again() -> None:
    with HostedFront(workers=1) as front, grpc.insecure_channel(front.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service="body"), timeout=PATIENCE_S)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        kill(front.pids[0], signal.SIGKILL)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


def once(address: str) -> Sequence[str]:
    """Returns the command of a worker of which only the first serves."""
    return (*WORKER, address) if address.endswith("-0.sock") else ("false",)


def test_no_worker_at_all_is_said_at_once_and_is_not_healthy() -> None:
    with HostedFront(workers=1, command=once) as front:
        kill(front.pids[0], signal.SIGKILL)
        front.wait_until(lambda: not front.streams)
        code, info, _ = RawStream(front.stub, model="body").end()
        assert (code, info.reason) == LOST
        with pytest.raises(EngineError, match="worker 0 failed"):
            front.submit(front.front.fail()).result(PATIENCE_S)


def test_many_kills_leave_nothing_behind() -> None:
    with HostedFront() as front:
        own = psutil.Process()

        def usage() -> tuple[int, int]:
            return own.num_fds(), len(own.children(recursive=True))

        kill_all(front)
        files, children = usage()
        for _ in range(ROUNDS):
            streams = [opened(front)[1] for _ in range(2)]
            for stream in streams:
                stream.frame(0)
            kill_all(front)
            for stream in streams:
                code, info, _ = stream.end()
                assert (code, info.reason) == LOST
        files_after, children_after = usage()
        assert children_after == children
        assert files_after <= files + FEW


def kill_all(front: HostedFront) -> None:
    """Kills both workers and returns when two others serve."""
    pids = front.pids
    for pid in pids.values():
        kill(pid, signal.SIGKILL)
    front.wait_until(lambda: len(front.pids) == 2 and not {*front.pids.values()} & {*pids.values()})
    front.wait_until(lambda: not front.front._housework)


def test_drain_is_told_by_the_workers_and_ends_them() -> None:
    with HostedFront() as front:
        (_, first), (_, second) = opened(front), opened(front, order=pb.ORDER_AS_DONE)
        second.frame(0, UPRIGHT)
        second.frame(1, b"no image")
        assert second.next().frame_error.sequence_id == 1
        pids = list(front.pids.values())
        drained = front.submit(front.front.drain())
        for stream in (first, second):
            assert stream.next().HasField("draining")
        code, info, _ = RawStream(front.stub, model="body").end()
        assert code is StatusCode.UNAVAILABLE
        code, info, _ = first.end()
        assert (code, info.reason) == DRAINING
        assert second.next().dropped.reason == pb.DROP_REASON_DRAINING
        code, info, _ = second.end()
        assert (code, info.reason) == DRAINING
        drained.result(PATIENCE_S)
        assert not any(psutil.pid_exists(pid) for pid in pids)


def test_worker_that_never_serves_keeps_the_front_from_serving() -> None:
    front = HostedFront(
        command=lambda _: ("sleep", "1000"), restarts=RestartPolicy(ready_timeout_s=0.2)
    )
    with pytest.raises(EngineError, match="failed 1 times"), front:
        pass


@contextmanager
def front_process() -> Iterator[tuple[ServerProcess, list[psutil.Process]]]:
    with ServerProcess(command=["tests.serving.portrait_front"]) as server:
        children = psutil.Process(server.process.pid).children()
        assert len(children) == 2
        yield server, children


def gone(processes: list[psutil.Process]) -> bool:
    """Whether processes have ended; whoever inherits them may take its time to notice."""
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    return not alive


def busy_stream(channel: grpc.Channel) -> RawStream:
    stream = RawStream(KeypointServiceStub(channel), model="body")
    stream.started()
    stream.frame(0)
    assert stream.next().HasField("result")
    return stream


def test_killed_front_leaves_no_process() -> None:
    with front_process() as (server, children):
        server.process.kill()
        server.process.wait()
        assert gone(children)


def test_sigterm_of_a_front_in_mid_stream_drains_and_exits_with_zero() -> None:
    with front_process() as (server, children):
        with grpc.insecure_channel(server.address, options=channel_options()) as channel:
            stream = busy_stream(channel)
            server.process.send_signal(signal.SIGTERM)
            assert stream.next().HasField("draining")
            code, info, _ = stream.end()
            assert (code, info.reason) == DRAINING
            assert server.process.wait(PATIENCE_S) == 0
        assert gone(children)


def test_second_sigterm_of_a_front_ends_all_at_once() -> None:
    with front_process() as (server, children):
        with grpc.insecure_channel(server.address, options=channel_options()) as channel:
            stream = busy_stream(channel)
            stream.frame(1, UPRIGHT)
            server.process.send_signal(signal.SIGTERM)
            assert stream.next().HasField("draining")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE_S) == -signal.SIGTERM
        assert gone(children)


def test_worker_that_is_told_to_end_gets_no_more_work() -> None:
    with HostedFront() as front:
        place, stream = opened(front)
        stream.frame(0, UPRIGHT)
        kill(front.pids[place], signal.SIGTERM)
        assert stream.next().HasField("draining")
        assert front.stub.GetModel(pb.GetModelRequest(name="body")).model.name == "body"
        request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
        for _ in range(4):
            assert front.stub.DetectImage(request, timeout=PATIENCE_S).result.image_width == 96
        code, info, _ = stream.end()
        assert (code, info.reason) == DRAINING


def test_front_holds_no_network_and_no_picture_library() -> None:
    with front_process() as (server, children):
        with grpc.insecure_channel(server.address, options=channel_options()) as channel:
            busy_stream(channel)
        loaded = " ".join(each.path for each in psutil.Process(server.process.pid).memory_maps())
        workers = " ".join(each.path for each in children[0].memory_maps())
    assert "cv2" in workers
    assert [name for name in ("cv2", "paddle") if name in loaded] == []
