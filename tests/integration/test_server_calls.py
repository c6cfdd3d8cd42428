"""Single calls, models, health, limits and addresses over real gRPC."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from posewire.channel import channel_options
from posewire.v1 import frame_pb2, model_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.errors import ConfigError
from posewire_server.models.catalog.catalog import CATALOG
from posewire_server.serving.rpc.listener import server_options
from posewire_server.serving.rpc.server_config import Limits, ServerConfig

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer
from tests.serving.raw_stream import JPEG, RawStream, code_info_text

SERVING, NOT_SERVING = (
    health_pb2.HealthCheckResponse.SERVING,
    health_pb2.HealthCheckResponse.NOT_SERVING,
)
SERVICE = "posewire.v1.KeypointService"


@pytest.fixture
def channel(hosted: HostedServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(hosted.address, options=channel_options()) as opened:
        yield opened


def detect(stub: KeypointServiceStub, encoded: bytes = JPEG, **fields: Any) -> pb.Result:
    frame = fields.pop("frame", None) or frame_pb2.Frame(sequence_id=5, encoded_image=encoded)
    fields = {"model": "body"} | fields
    request = pb.DetectImageRequest(frame=frame, **fields)
    result: pb.Result = stub.DetectImage(request, timeout=PATIENCE_S).result
    return result


def test_call_answers_with_the_frames_number(hosted: HostedServer) -> None:
    result = detect(hosted.stub)
    assert (result.sequence_id, result.image_width, result.image_height) == (5, 96, 64)
    assert result.model_version == "v1"


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"model": "none"}, StatusCode.NOT_FOUND, "MODEL_UNKNOWN"),
        ({"model": ""}, StatusCode.NOT_FOUND, "MODEL_UNKNOWN"),
        ({"mode": "none"}, StatusCode.INVALID_ARGUMENT, "MODE_UNKNOWN"),
        ({"minimum_score": 2.0}, StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID"),
        ({"read_mask": FieldMask(paths=["x"])}, StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID"),
        ({"frame": frame_pb2.Frame()}, StatusCode.INVALID_ARGUMENT, "SOURCE_MISSING"),
        ({"encoded": b""}, StatusCode.INVALID_ARGUMENT, "IMAGE_EMPTY"),
        ({"encoded": b"GIF89a"}, StatusCode.INVALID_ARGUMENT, "IMAGE_FORMAT_UNSUPPORTED"),
        (
            {"frame": frame_pb2.Frame(video_packet=frame_pb2.VideoPacket())},
            StatusCode.UNIMPLEMENTED,
            "VIDEO_UNSUPPORTED",
        ),
        (
            {"frame": frame_pb2.Frame(encoded_image=JPEG, deadline=Duration())},
            StatusCode.DEADLINE_EXCEEDED,
            "FRAME_DEADLINE_EXCEEDED",
        ),
    ],
)
def test_call_error_has_code_reason_and_text(
    hosted: HostedServer, fields: dict[str, Any], code: StatusCode, reason: str
) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        detect(hosted.stub, **fields)
    found, info, text = code_info_text(raised.value)
    assert (found, info.reason) == (code, reason)
    assert text


def test_call_unknown_model_names_those_that_exist(hosted: HostedServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        hosted.stub.GetModel(pb.GetModelRequest(name="boddy"), timeout=PATIENCE_S)
    code, info, text = code_info_text(raised.value)
    assert (code, info.reason) == (StatusCode.NOT_FOUND, "MODEL_UNKNOWN")
    assert info.metadata["model"] == "boddy"
    assert info.metadata["known"].split(", ") == [spec.name for spec in CATALOG]
    assert "body" in text


def test_call_unknown_decoder_names_those_that_exist(hosted: HostedServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        detect(hosted.stub, mode="none")
    _, info, _ = code_info_text(raised.value)
    model = hosted.stub.GetModel(pb.GetModelRequest(name="body"), timeout=PATIENCE_S).model
    assert info.metadata["mode"] == "none"
    assert info.metadata["known"].split(", ") == list(model.modes)


def test_call_over_the_number_of_waiting_calls_is_told_to_back_off() -> None:
    with HostedServer(limits=Limits(max_streams=1)) as hosted:
        hosted.predictor.gate.clear()
        request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
        first: Any = hosted.stub.DetectImage.future(request, timeout=PATIENCE_S)
        hosted.predictor.wait_until_started()
        with pytest.raises(grpc.RpcError) as raised:
            detect(hosted.stub)
        code, info, _ = code_info_text(raised.value)
        assert (code, info.reason) == (StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
        assert dict(info.metadata) == {"max_in_flight": "1"}
        hosted.predictor.gate.set()
        assert first.result().result.image_width == 96
        assert detect(hosted.stub).image_width == 96


def test_call_past_the_callers_deadline_is_given_up(hosted: HostedServer) -> None:
    hosted.predictor.gate.clear()
    request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
    with pytest.raises(grpc.RpcError) as raised:
        hosted.stub.DetectImage(request, timeout=0.1)
    assert code_info_text(raised.value)[0] is StatusCode.DEADLINE_EXCEEDED
    hosted.wait_until_calls_ended()
    assert not hosted.server._servicer._streams


def test_models_are_listed_with_what_a_caller_needs(hosted: HostedServer) -> None:
    models = hosted.stub.ListModels(pb.ListModelsRequest(), timeout=PATIENCE_S).models
    assert [model.name for model in models] == sorted(spec.name for spec in CATALOG)
    (model,) = (model for model in models if model.name == "body")
    others = {each.state for each in models if each.name != "body"}
    assert others == {model_pb2.MODEL_STATE_AVAILABLE}
    assert model.state == model_pb2.MODEL_STATE_SERVING
    assert len(model.skeleton.keypoint_names) == 18
    assert len(model.skeleton.limbs) == 19
    assert model.modes[0] == "fast"
    assert (model.engine.name, model.engine.precision, model.engine.threads) == ("plain", "fp32", 1)
    assert model.limits == model_pb2.Limits(
        max_message_bytes=32 * 1024 * 1024,
        max_image_pixels=40_000_000,
        max_streams=100,
        max_in_flight=16,
        max_bytes_in_flight=512 * 1024 * 1024,
    )
    assert len(model.provenance[0].sha256) == 64
    assert model.provenance[0].licence


def test_models_one_is_found_by_name_and_alias(hosted: HostedServer) -> None:
    names = ("body", "openpose_body_estimation")
    replies = [hosted.stub.GetModel(pb.GetModelRequest(name=n), timeout=PATIENCE_S) for n in names]
    assert replies[0] == replies[1]


@pytest.mark.parametrize("name", ["", SERVICE, "body"])
def test_health_check_is_serving(channel: grpc.Channel, name: str) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=name)
    assert stub.Check(request, timeout=PATIENCE_S).status == SERVING


def test_health_check_of_an_unknown_service_is_not_found(channel: grpc.Channel) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.RpcError) as raised:
        stub.Check(health_pb2.HealthCheckRequest(service="none"), timeout=PATIENCE_S)
    assert code_info_text(raised.value)[0] is StatusCode.NOT_FOUND


@pytest.mark.parametrize("name", ["", SERVICE, "body"])
def test_health_watch_tells_of_a_drain(name: str) -> None:
    with HostedServer() as hosted, grpc.insecure_channel(hosted.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE_S)
        assert next(watch).status == SERVING
        drained = hosted.submit(hosted.server.drain())
        assert next(watch).status == NOT_SERVING
        drained.result(PATIENCE_S)


@pytest.mark.parametrize("streams", [True, False])
def test_limits_message_of_50_megabytes_is_refused(hosted: HostedServer, streams: bool) -> None:
    huge = bytes(50 * 1024 * 1024)
    if streams:
        stream = RawStream(hosted.stub, model="body")
        stream.started()
        stream.frame(0, huge)
        code, _, text = stream.end()
    else:
        with pytest.raises(grpc.RpcError) as raised:
            detect(hosted.stub, huge)
        code, _, text = code_info_text(raised.value)
    assert code is StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in text
    assert detect(hosted.stub).image_width == 96


def test_limits_message_of_20_megabytes_is_read(hosted: HostedServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        detect(hosted.stub, bytes(20 * 1024 * 1024))
    assert code_info_text(raised.value)[1].reason == "IMAGE_FORMAT_UNSUPPORTED"


def test_address_in_use_is_refused_with_advice(hosted: HostedServer) -> None:
    with pytest.raises(ConfigError, match="is the port taken") as raised:
        HostedServer(address=hosted.address).__enter__()
    assert raised.value.reason == "ADDRESS_UNUSABLE"
    assert detect(hosted.stub).image_width == 96


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:99999", "203.0.113.1:0", "unix:/no/x"])
def test_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigError) as raised:
        HostedServer(address=address).__enter__()
    assert raised.value.reason == "ADDRESS_UNUSABLE"


def test_address_of_a_unix_socket_works(tmp_path: Path) -> None:
    with HostedServer(address=f"unix:{tmp_path}/posewire.sock") as hosted:
        assert hosted.address == f"unix:{tmp_path}/posewire.sock"
        assert detect(hosted.stub).image_width == 96


def test_address_of_a_unix_socket_in_use_is_refused(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/posewire.sock"
    with HostedServer(address=address) as hosted:
        with pytest.raises(ConfigError) as raised:
            HostedServer(address=address).__enter__()
        assert raised.value.reason == "ADDRESS_UNUSABLE"
        assert detect(hosted.stub).image_width == 96


def test_address_of_a_unix_socket_left_by_a_dead_server_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "posewire.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    with HostedServer(address=f"unix:{path}") as hosted:
        assert detect(hosted.stub).image_width == 96


def test_options_allow_pings_every_ten_seconds_and_share_no_port() -> None:
    options = dict(server_options(ServerConfig()))
    assert options["grpc.http2.min_recv_ping_interval_without_data_ms"] <= 10_000
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert options["grpc.so_reuseport"] == 0
    assert dict(server_options(ServerConfig(reuse_port=True)))["grpc.so_reuseport"] == 1
