"""Health as grpc.health.v1 tells it."""

from enum import IntEnum

from grpc_health.v1.health_pb2 import HealthCheckResponse


class Health(IntEnum):
    """Whether a server, or one service of it, answers requests."""

    UNKNOWN = HealthCheckResponse.UNKNOWN
    SERVING = HealthCheckResponse.SERVING
    NOT_SERVING = HealthCheckResponse.NOT_SERVING
    SERVICE_UNKNOWN = HealthCheckResponse.SERVICE_UNKNOWN
