"""Channels: what every connection to a server should be set up with."""

from collections.abc import Mapping

MAX_MESSAGE_BYTES = 64 * 1024 * 1024

# Pings keep a quiet stream alive through proxies and notice a peer that is gone; a posewire server
# allows one in 10 s. gRPC's own back-off is kept short because the stream's back-off rules.
CHANNEL_OPTIONS: Mapping[str, int] = {
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.http2.max_pings_without_data": 0,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
}


def channel_options() -> list[tuple[str, int]]:
    """Returns the options in the form that gRPC takes."""
    return list(CHANNEL_OPTIONS.items())
