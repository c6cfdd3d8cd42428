"""Frames in shared memory at the real server: who may, what it answers, and what it lets go of."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb

from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import RawStream, code_info_text, info_of
from tests.serving.shared_object import FOLDER, SharedObject

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="this system has no /dev/shm")
WIDTH, HEIGHT = 64, 48
NV12 = {"format": "PIXEL_FORMAT_NV12", "width": WIDTH, "height": HEIGHT}
SIZE = WIDTH * HEIGHT * 3 // 2
PIXELS = np.random.default_rng(0).integers(0, 256, SIZE, np.uint8).tobytes()


@pytest.fixture
def server() -> Iterator[HostedServer]:
    with HostedServer() as server:
        yield server


@pytest.fixture
def shared() -> Iterator[SharedObject]:
    with SharedObject(4 * PIXELS) as shared:
        yield shared


def frame(number: int, image: frame_pb2.SharedMemoryImage) -> pb.DetectRequest:
    return pb.DetectRequest(frame=frame_pb2.Frame(sequence_id=number, shared_memory=image))


def reason_of(response: pb.DetectResponse) -> str:
    assert response.WhichOneof("response") == "frame_error", response
    return info_of(response.frame_error.status).reason


def descriptors(name: str) -> int:
    """Returns how many descriptors of this process, the server's too, are of an object."""
    links = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(path.readlink()))
        except FileNotFoundError:
            continue
    return sum(name in link for link in links)


def test_stream_of_shared_frames_answers_each(server: HostedServer, shared: SharedObject) -> None:
    stream = RawStream(server.stub, model="body")
    stream.started()
    for number in range(8):
        stream.send(frame(number, shared.image(number % 4 * SIZE, SIZE, **NV12)))
    stream.half_close()
    results = [response.result for response in stream.rest()]
    assert [result.sequence_id for result in results] == list(range(8))
    assert {(result.image_width, result.image_height) for result in results} == {(WIDTH, HEIGHT)}


def test_stream_reads_an_object_on_after_its_name_is_gone(
    server: HostedServer, shared: SharedObject
) -> None:
    stream = RawStream(server.stub, model="body")
    stream.started()
    stream.send(frame(1, shared.image(0, SIZE, **NV12)))
    assert stream.next().result.sequence_id == 1
    shared.path.unlink()
    stream.send(frame(2, shared.image(SIZE, SIZE, **NV12)))
    assert stream.next().result.sequence_id == 2


def test_stream_goes_on_after_frames_that_can_not_be_read(
    server: HostedServer, shared: SharedObject
) -> None:
    stream = RawStream(server.stub, model="body")
    stream.started()
    absent = frame_pb2.SharedMemoryImage(
        name="posewire-absent", length=SIZE, layout=frame_pb2.RawImage(**NV12)
    )
    stream.send(frame(1, absent))
    assert reason_of(stream.next()) == "SHARED_MEMORY_NOT_FOUND"
    stream.send(frame(2, shared.image(4 * SIZE - 1, SIZE, **NV12)))
    assert reason_of(stream.next()) == "SHARED_MEMORY_OUT_OF_BOUNDS"
    stream.send(frame(3, shared.image(0, SIZE - 1, **NV12)))
    assert reason_of(stream.next()) == "RAW_IMAGE_MALFORMED"
    shared.resize(SIZE - 1)
    stream.send(frame(4, shared.image(0, SIZE, **NV12)))
    assert reason_of(stream.next()) == "SHARED_MEMORY_OUT_OF_BOUNDS"
    shared.resize(SIZE)
    stream.send(frame(5, shared.image(0, SIZE, **NV12)))
    assert stream.next().result.sequence_id == 5


def test_stream_that_drops_a_frame_has_registered_its_object(
    server: HostedServer, shared: SharedObject
) -> None:
    policy = pb.OVERFLOW_POLICY_DROP_OLDEST
    stream = RawStream(server.stub, model="body", overflow_policy=policy, max_in_flight=2)
    stream.started()
    server.predictor.gate.clear()
    stream.frame(1)
    server.predictor.wait_until_started()
    stream.send(frame(2, shared.image(0, SIZE, **NV12)))
    stream.frame(3)
    server.wait_until_accepted(2)
    server.wait_until(lambda: descriptors(shared.name) == 2)
    shared.path.unlink()
    server.predictor.gate.set()
    stream.send(frame(4, shared.image(0, SIZE, **NV12)))
    stream.half_close()
    kinds = [response.WhichOneof("response") for response in stream.rest()]
    assert kinds.count("dropped") >= 1
    assert kinds.count("frame_error") == 0
    assert kinds[-1] == "result"


@pytest.mark.parametrize("ending", ["half close", "cancel"])
def test_stream_that_ends_lets_go_of_its_objects(
    server: HostedServer, shared: SharedObject, ending: str
) -> None:
    stream = RawStream(server.stub, model="body")
    stream.started()
    stream.send(frame(1, shared.image(0, SIZE, **NV12)))
    stream.next()
    assert descriptors(shared.name) == 2
    if ending == "cancel":
        stream.call.cancel()
    else:
        stream.half_close()
        assert list(stream.rest()) == []
    server.wait_until_idle()
    assert descriptors(shared.name) == 1


def test_detect_image_opens_an_object_for_the_call_alone(
    server: HostedServer, shared: SharedObject
) -> None:
    image = frame_pb2.Frame(shared_memory=shared.image(0, SIZE, **NV12))
    for _ in range(3):
        response = server.stub.DetectImage(pb.DetectImageRequest(model="body", frame=image))
        assert response.result.image_width == WIDTH
        assert descriptors(shared.name) == 1
    shared.path.unlink()
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.DetectImage(pb.DetectImageRequest(model="body", frame=image))
    code, info, _ = code_info_text(caught.value)
    assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "SHARED_MEMORY_NOT_FOUND")


def test_client_elsewhere_may_share_nothing(shared: SharedObject, tmp_path: Path) -> None:
    elsewhere = [("posewire-peer", "ipv4:192.0.2.1:4711")]
    request = pb.DetectImageRequest(
        model="body", frame=frame_pb2.Frame(shared_memory=shared.image(0, SIZE, **NV12))
    )
    with HostedServer(address=f"unix:{tmp_path}/socket") as server:
        assert server.stub.DetectImage(request).result.image_width == WIDTH
        with pytest.raises(grpc.RpcError) as caught:
            server.stub.DetectImage(request, metadata=elsewhere)
    code, info, text = code_info_text(caught.value)
    assert (code, info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SHARED_MEMORY_FORBIDDEN")
    assert info.metadata == {"name": shared.name}
    assert "raw_image" in text
