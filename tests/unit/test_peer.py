"""Whether a client is on this machine, as gRPC names clients."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from posewire_server.serving.rpc.peer import is_local, metadata_to_pass_on


def context(peer: str, *metadata: tuple[str, str]) -> Any:
    return cast("Any", SimpleNamespace(peer=lambda: peer, invocation_metadata=lambda: metadata))


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("unix:", True),
        ("unix:/run/posewire.sock", True),
        ("unix-abstract:posewire", False),
        ("ipv4:127.0.0.1:50051", True),
        ("ipv4:127.8.9.1:50051", True),
        ("ipv4:10.0.0.1:50051", False),
        ("ipv4:0.0.0.0:50051", False),
        ("ipv6:[::1]:50051", True),
        ("ipv6:%5B::1%5D:50051", True),
        ("ipv6:%5B::ffff:127.0.0.1%5D:50051", True),
        ("ipv6:%5B::ffff:10.0.0.1%5D:50051", False),
        ("ipv6:%5Bfe80::1%25eth0%5D:50051", False),
        ("ipv4:localhost:50051", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_is_local_by_the_address_of_the_client(peer: str, expected: bool) -> None:
    assert is_local(context(peer)) is expected


@pytest.mark.parametrize(
    ("peer", "named", "expected"),
    [
        ("unix:", "ipv4:10.0.0.1:50051", False),
        ("unix:", "ipv4:127.0.0.1:50051", True),
        ("ipv4:10.0.0.1:50051", "ipv4:127.0.0.1:50051", False),
        ("ipv4:127.0.0.1:50051", "ipv4:10.0.0.1:50051", True),
    ],
)
def test_is_local_believes_a_front_behind_a_unix_socket_only(
    peer: str, named: str, expected: bool
) -> None:
    assert is_local(context(peer, ("posewire-peer", named))) is expected


def test_metadata_to_pass_on_names_the_true_peer_and_keeps_what_is_not_of_the_connection() -> None:
    own = [("posewire-peer", "unix:"), ("user-agent", "x"), ("grpc-timeout", "1S")]
    passed = metadata_to_pass_on(context("ipv4:10.0.0.1:4711", *own, ("trace", "7")))
    assert passed == [("trace", "7"), ("posewire-peer", "ipv4:10.0.0.1:4711")]
