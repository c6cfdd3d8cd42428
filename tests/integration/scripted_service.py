"""A real gRPC server on a free port whose Detect streams follow scripts, one a connection."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from posewire.v1 import keypoint_service_pb2 as service_pb2
from posewire.v1 import keypoint_service_pb2_grpc, model_pb2, pose_pb2

NAMES = ("nose", "neck")
MODEL = model_pb2.Model(
    name="body",
    aliases=["openpose_body_estimation"],
    version="1",
    state=model_pb2.MODEL_STATE_SERVING,
    skeleton=model_pb2.Skeleton(
        name="pair",
        keypoint_names=NAMES,
        limbs=[model_pb2.KeypointPair(**{"from": 0, "to": 1})],
    ),
    input_size=model_pb2.InputSize(height=368, max_width=1312),
    modes=["fast", "openpose"],
    engine=model_pb2.Engine(name="plain", precision="fp32", threads=2),
    limits=model_pb2.Limits(
        max_message_bytes=1,
        max_image_pixels=2,
        max_streams=3,
        max_in_flight=4,
        max_bytes_in_flight=5,
    ),
    provenance=[model_pb2.Provenance(source="a wheel", sha256="ab", licence="MIT")],
)

Requests = Iterator[service_pb2.DetectRequest]
Responses = Iterator[service_pb2.DetectResponse]
Script = Callable[["ScriptedService", Requests, grpc.ServicerContext], Responses]


class ScriptedService(keypoint_service_pb2_grpc.KeypointServiceServicer):  # type: ignore[misc]
    """Plays one script for each Detect stream; the last one again and again."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.configs: list[service_pb2.StreamConfig] = []
        self.opened = threading.Semaphore(0)
        self.cancelled = threading.Event()
        self.release = threading.Event()

    def Detect(self, requests: Requests, context: grpc.ServicerContext) -> Responses:  # noqa: N802
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        context.add_callback(self.cancelled.set)
        self.configs.append(next(requests).config)
        self.opened.release()
        return script(self, requests, context)

    def DetectImage(  # noqa: N802
        self, request: service_pb2.DetectImageRequest, context: grpc.ServicerContext
    ) -> service_pb2.DetectImageResponse:
        if request.model == "never":
            self.release.wait(60)
        if request.model == "unknown":
            abort(context, code_pb2.NOT_FOUND, "MODEL_UNKNOWN", known="body")
        return service_pb2.DetectImageResponse(result=result(0).result)

    def ListModels(  # noqa: N802
        self, request: service_pb2.ListModelsRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListModelsResponse:
        del request, context
        return service_pb2.ListModelsResponse(models=[MODEL])

    def GetModel(  # noqa: N802
        self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> service_pb2.GetModelResponse:
        if request.name != "body":
            abort(context, code_pb2.NOT_FOUND, "MODEL_UNKNOWN", known="body", model=request.name)
        return service_pb2.GetModelResponse(model=MODEL)


class RunningService:
    """A context manager that serves a :class:`ScriptedService`."""

    def __init__(self, *scripts: Script, address: str = "127.0.0.1:0") -> None:
        self.service = ScriptedService(*(scripts or (answer_all,)))
        self._executor = ThreadPoolExecutor(8)
        self._server = grpc.server(self._executor, options=[("grpc.so_reuseport", 0)])
        keypoint_service_pb2_grpc.add_KeypointServiceServicer_to_server(self.service, self._server)
        status = health.HealthServicer()
        status.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(status, self._server)
        port = self._server.add_insecure_port(address)
        self.address = address if address.startswith("unix:") else f"127.0.0.1:{port}"

    def __enter__(self) -> "RunningService":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.service.release.set()
        self._server.stop(0).wait()
        self._executor.shutdown()


def started(
    max_in_flight: int = 4,
    policy: service_pb2.OverflowPolicy = service_pb2.OVERFLOW_POLICY_BLOCK,
) -> service_pb2.DetectResponse:
    config = service_pb2.StreamConfig(
        model="body",
        max_in_flight=max_in_flight,
        overflow_policy=policy,
    )
    return service_pb2.DetectResponse(
        started=service_pb2.Started(config=config, model=MODEL), credit=max_in_flight
    )


def result(sequence_id: int, poses: int = 1, credit: int = 8) -> service_pb2.DetectResponse:
    point = pose_pb2.Keypoint(x=1.5, y=2.5, score=0.5, state=pose_pb2.KEYPOINT_STATE_FOUND)
    missing = pose_pb2.Keypoint(
        x=float("nan"), y=float("nan"), state=pose_pb2.KEYPOINT_STATE_MISSING
    )
    pose = pose_pb2.Pose(
        id=7,
        score=0.25,
        box=pose_pb2.BoundingBox(x_min=1, y_min=2, x_max=3, y_max=4),
        keypoints=[point, missing],
    )
    message = service_pb2.Result(
        sequence_id=sequence_id,
        poses=[pose] * poses,
        image_width=64,
        image_height=48,
        model_version="1",
    )
    message.timings.infer.FromMilliseconds(250)
    return service_pb2.DetectResponse(result=message, credit=credit)


def frame_error(sequence_id: int, reason: str, **metadata: str) -> service_pb2.DetectResponse:
    status = make_status(code_pb2.INVALID_ARGUMENT, reason, **metadata)
    error = service_pb2.FrameError(sequence_id=sequence_id, status=status)
    return service_pb2.DetectResponse(frame_error=error, credit=8)


def dropped(
    first: int, last: int, reason: service_pb2.DropReason = service_pb2.DROP_REASON_OVERFLOW
) -> service_pb2.DetectResponse:
    message = service_pb2.Dropped(
        first_sequence_id=first,
        last_sequence_id=last,
        count=last - first + 1,
        reason=reason,
    )
    return service_pb2.DetectResponse(dropped=message, credit=8)


def make_status(code: int, reason: str, **metadata: str) -> status_pb2.Status:
    info = error_details_pb2.ErrorInfo(reason=reason, domain="posewire", metadata=metadata)
    detail = any_pb2.Any()
    detail.Pack(info)
    return status_pb2.Status(code=code, message=f"text of {reason}", details=[detail])


def abort(context: grpc.ServicerContext, code: int, reason: str, **metadata: str) -> Any:
    context.abort_with_status(rpc_status.to_status(make_status(code, reason, **metadata)))


def answer_all(
    service: ScriptedService, requests: Requests, context: grpc.ServicerContext
) -> Responses:
    del service, context
    yield started()
    for request in requests:
        yield result(request.frame.sequence_id)


def answer_then_abort(
    count: int,
    *,
    lost: int,
    code: int = code_pb2.UNAVAILABLE,
    policy: service_pb2.OverflowPolicy = service_pb2.OVERFLOW_POLICY_BLOCK,
) -> Script:
    """Answers ``count`` frames, reads ``lost`` more without answering, then fails."""

    def script(
        service: ScriptedService, requests: Requests, context: grpc.ServicerContext
    ) -> Responses:
        del service
        yield started(policy=policy)
        for _ in range(count):
            yield result(next(requests).frame.sequence_id)
        for _ in range(lost):
            next(requests)
        abort(context, code, "INTERNAL" if code == code_pb2.INTERNAL else "")

    return script
