"""Server reflection over real gRPC, in both versions, as tools use it."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_database, descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection_pb2

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.hosted_server import HostedServer

SERVICE = "posewire.v1.KeypointService"
VERSIONS = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
Request = reflection_pb2.ServerReflectionRequest
Response = reflection_pb2.ServerReflectionResponse


@pytest.fixture(scope="module")
def served() -> Iterator[HostedServer]:
    with HostedServer() as hosted:
        yield hosted


class Reflection:
    """A client of one version; the messages of v1 are those of v1alpha on the wire."""

    def __init__(self, channel: grpc.Channel, version: str) -> None:
        self._ask = channel.stream_stream(
            f"/{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=Request.SerializeToString,
            response_deserializer=Response.FromString,
        )

    def ask(self, **request: Any) -> Response:
        (response,) = self._ask(iter([Request(**request)]), timeout=PATIENCE_S)
        return response

    def files(self, **request: Any) -> dict[str, descriptor_pb2.FileDescriptorProto]:
        """Returns the files of an answer by their names."""
        found = self.ask(**request).file_descriptor_response.file_descriptor_proto
        files = map(descriptor_pb2.FileDescriptorProto.FromString, found)
        return {file.name: file for file in files}


@pytest.fixture(params=VERSIONS)
def reflection(served: HostedServer, request: pytest.FixtureRequest) -> Iterator[Reflection]:
    with grpc.insecure_channel(served.address) as channel:
        yield Reflection(channel, request.param)


def test_reflection_lists_all_services(reflection: Reflection) -> None:
    listed = reflection.ask(list_services="").list_services_response.service
    assert {service.name for service in listed} == {
        SERVICE,
        "grpc.health.v1.Health",
        *(f"{version}.ServerReflection" for version in VERSIONS),
    }


@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        (SERVICE, "posewire/v1/keypoint_service.proto"),
        (f"{SERVICE}.Detect", "posewire/v1/keypoint_service.proto"),
        (f"{SERVICE}.GetModel", "posewire/v1/keypoint_service.proto"),
        ("posewire.v1.DetectRequest", "posewire/v1/keypoint_service.proto"),
        ("posewire.v1.Frame", "posewire/v1/frame.proto"),
        ("posewire.v1.PixelFormat", "posewire/v1/frame.proto"),
        ("google.rpc.Status", "google/rpc/status.proto"),
        ("grpc.health.v1.Health.Watch", "grpc_health/v1/health.proto"),
        ("grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"),
        (
            "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo",
            "grpc_reflection/v1alpha/reflection.proto",
        ),
    ],
)
def test_reflection_finds_the_file_of_a_symbol(
    reflection: Reflection, symbol: str, file: str
) -> None:
    assert next(iter(reflection.files(file_containing_symbol=symbol))) == file


def test_reflection_sends_a_file_with_all_that_it_imports(reflection: Reflection) -> None:
    files = reflection.files(file_by_filename="posewire/v1/keypoint_service.proto")
    database = descriptor_database.DescriptorDatabase()
    for file in files.values():
        assert set(file.dependency) <= set(files)
        database.Add(file)
    detect = descriptor_pool.DescriptorPool(database).FindMethodByName(f"{SERVICE}.Detect")
    assert detect.input_type.full_name == "posewire.v1.DetectRequest"


def test_reflection_of_an_extension_finds_its_file(reflection: Reflection) -> None:
    file = descriptor_pb2.FileDescriptorProto(
        name="tests/reflected_extension.proto",
        package="tests.reflected",
        dependency=["google/protobuf/descriptor.proto"],
    )
    file.extension.add(
        name="note",
        number=50_123,
        extendee=".google.protobuf.MethodOptions",
        type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    options = "google.protobuf.MethodOptions"
    asked = {"containing_type": options, "extension_number": 50_123}
    assert file.name in reflection.files(file_containing_extension=asked)
    assert file.name in reflection.files(file_containing_symbol="tests.reflected.note")
    numbers = reflection.ask(all_extension_numbers_of_type=options).all_extension_numbers_response
    assert 50_123 in numbers.extension_number


@pytest.mark.parametrize(
    "request_",
    [
        {"file_containing_symbol": f"{SERVICE}.Nothing"},
        {"file_containing_symbol": "posewire.v1.Nothing"},
        {"file_containing_symbol": ""},
        {"file_by_filename": "posewire/v1/nothing.proto"},
        {"all_extension_numbers_of_type": "posewire.v1.Nothing"},
        {
            "file_containing_extension": {
                "containing_type": "posewire.v1.Frame",
                "extension_number": 1000,
            }
        },
    ],
)
def test_reflection_says_not_found(reflection: Reflection, request_: dict[str, Any]) -> None:
    error = reflection.ask(**request_).error_response
    assert error.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_reflection_v1_has_the_fields_of_v1alpha(reflection: Reflection) -> None:
    files = [
        reflection.files(file_containing_symbol=f"{version}.ServerReflection").popitem()[1]
        for version in VERSIONS
    ]
    first, second = (
        {m.name: [(f.name, f.number, f.type) for f in m.field] for m in file.message_type}
        for file in files
    )
    assert first == second


@pytest.mark.skipif(shutil.which("buf") is None, reason="buf is not installed")
@pytest.mark.parametrize("protocol", ["grpc-v1", "grpc-v1alpha"])
def test_reflection_serves_buf_curl(served: HostedServer, protocol: str) -> None:
    command = ["buf", "curl", "--http2-prior-knowledge", "--protocol", "grpc"]
    command += ["--reflect-protocol", protocol]
    target = f"http://{served.address}"
    listed = subprocess.run(
        [*command, "--list-methods", target], capture_output=True, text=True, check=True
    )
    assert f"{SERVICE}/Detect\n" in listed.stdout
    called = subprocess.run(
        [*command, "-d", '{"name": "body"}', f"{target}/{SERVICE}/GetModel"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"openpose18"' in called.stdout
