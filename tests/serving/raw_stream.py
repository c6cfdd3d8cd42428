"""One Detect stream message by message, so that a test can break the rules."""

import queue
from collections.abc import Iterator
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.pictures import encode, noise

JPEG = encode(noise())


class RawStream:
    """Sends what it is told and reads when it is told."""

    def __init__(
        self, stub: KeypointServiceStub, *, timeout_s: float = PATIENCE_S, **config: Any
    ) -> None:
        self._requests: queue.SimpleQueue[pb.DetectRequest | None] = queue.SimpleQueue()
        self.call: Any = stub.Detect(iter(self._requests.get, None), timeout=timeout_s)
        if config:
            self.send(pb.DetectRequest(config=pb.StreamConfig(**config)))

    @property
    def unsent(self) -> int:
        """How many requests gRPC has not taken yet."""
        return self._requests.qsize()

    def send(self, request: pb.DetectRequest) -> None:
        """Sends any request."""
        self._requests.put(request)

    def frame(self, sequence_id: int, encoded: bytes = JPEG, **fields: Any) -> None:
        """Sends a frame with an encoded image."""
        frame = frame_pb2.Frame(sequence_id=sequence_id, encoded_image=encoded, **fields)
        self.send(pb.DetectRequest(frame=frame))

    def half_close(self) -> None:
        """Says that no more requests will come."""
        self._requests.put(None)

    def next(self) -> pb.DetectResponse:
        """Returns the next response."""
        response: pb.DetectResponse = next(self.call)
        return response

    def started(self) -> pb.Started:
        """Returns the answer to the config."""
        response = self.next()
        assert response.WhichOneof("response") == "started", response
        return response.started

    def rest(self) -> Iterator[pb.DetectResponse]:
        """Yields all responses to come."""
        yield from self.call

    def end(self) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo, str]:
        """Reads to the end; returns code, ErrorInfo and text of the stream's status."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError as error:
            return code_info_text(error)
        return grpc.StatusCode.OK, error_details_pb2.ErrorInfo(), ""


def code_info_text(
    error: grpc.RpcError,
) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo, str]:
    """Returns code, ErrorInfo and text of a failed call."""
    call: Any = error
    status = rpc_status.from_call(call)
    return call.code(), info_of(status) if status else error_details_pb2.ErrorInfo(), call.details()


def info_of(status: status_pb2.Status) -> error_details_pb2.ErrorInfo:
    """Returns the one ErrorInfo of a status."""
    (detail,) = status.details
    info = error_details_pb2.ErrorInfo()
    assert detail.Unpack(info)
    assert info.domain == "posewire"
    return info
