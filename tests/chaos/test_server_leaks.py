"""After whatever clients did, memory, threads and files of the server are back where they were."""

import grpc
import psutil
from posewire import Client, Frame
from posewire.channel import channel_options
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.serving.server_process import ServerProcess

from tests.serving.pictures import encode, noise
from tests.serving.raw_stream import RawStream
from tests.serving.usage import usage

ROUNDS = 5
# One round sends about 170 MB of pixels; a server that kept any of its frames would show it.
MOST_GROWTH_BYTES = 64 * 1024 * 1024
# gRPC's own threads come and go by one, and it closes the last connections in its own time; a round
# has some 60 calls over ten connections.
FEW = 3
RAW = frame_pb2.RawImage(
    format=frame_pb2.PIXEL_FORMAT_BGR,
    width=640,
    height=480,
    pixels=noise(640, 480).tobytes(),
)
JPEG = encode(noise(640, 480))


def good_clients(address: str) -> None:
    with Client(address) as client:
        outcomes = list(client.detect([JPEG] * 20))
        assert len(outcomes) == 20
        for _ in range(5):
            client.detect_image(JPEG)


def bad_clients(address: str) -> None:
    with Client(address) as client:
        frames = [Frame(source) for source in (b"", JPEG[:100], b"text", JPEG[: len(JPEG) // 2])]
        assert len(list(client.detect(frames * 10))) == 40


def leaving_clients(address: str) -> None:
    """Send raw pixels and cancel, or cut the connection, while they are worked on."""
    for cuts in (False, True):
        with grpc.insecure_channel(address, options=channel_options()) as channel:
            stub = KeypointServiceStub(channel)
            streams = [RawStream(stub, model="body", max_in_flight=16) for _ in range(6)]
            for stream in streams:
                stream.started()
                for number in range(16):
                    frame = frame_pb2.Frame(sequence_id=number, raw_image=RAW)
                    stream.send(pb.DetectRequest(frame=frame))
            for stream in streams:
                stream.next()
            if not cuts:
                for stream in streams:
                    stream.call.cancel()


def one_round(address: str) -> None:
    good_clients(address)
    bad_clients(address)
    leaving_clients(address)
    good_clients(address)


def test_server_after_many_clients_is_as_it_was() -> None:
    with ServerProcess(command=["posewire_server.tools.benchmarks.noop"]) as server:
        process = psutil.Process(server.process.pid)
        for _ in range(2):
            one_round(server.address)
        memory, threads, files = usage(process)
        for _ in range(ROUNDS):
            one_round(server.address)
        memory_after, threads_after, files_after = usage(process)
    assert memory_after - memory < MOST_GROWTH_BYTES
    assert threads_after <= threads + FEW
    assert files_after <= files + FEW
