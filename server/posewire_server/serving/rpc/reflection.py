"""Server reflection: ``grpc.reflection.v1`` and ``v1alpha``."""

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from google.protobuf.descriptor import FileDescriptor
from grpc_reflection.v1alpha import reflection, reflection_pb2

_V1ALPHA = reflection.SERVICE_NAME
_V1 = _V1ALPHA.replace("v1alpha", "v1")


class _MethodPool:
    """The default descriptor pool, which also finds the file of a method.

    Source: https://github.com/grpc/grpc/issues/34743.
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (its name)
        """Returns the file that defines a symbol.

        Raises:
            KeyError: There is no such symbol.
        """
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            file: FileDescriptor = self._pool.FindMethodByName(symbol).containing_service.file
            return file


def add_reflection(services: Sequence[str], server: grpc.aio.Server) -> None:
    """Adds both versions of reflection to a server.

    grpcio-reflection has v1alpha alone. The messages of v1 have the same fields, so one servicer
    answers both.
    """
    _describe_v1()
    names = (*services, _V1, _V1ALPHA)
    servicer = reflection.aio.ReflectionServicer(names, pool=_MethodPool())
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for name in (_V1, _V1ALPHA):
        methods = {"ServerReflectionInfo": method}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))


def _describe_v1() -> None:
    """Adds the descriptor of v1, made of that of v1alpha, to the default pool."""
    pool = descriptor_pool.Default()
    try:
        pool.FindServiceByName(_V1)
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        text = text_format.MessageToString(file).replace("v1alpha", "v1")
        file = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
        file.name = "grpc/reflection/v1/reflection.proto"
        pool.AddSerializedFile(file.SerializeToString())
