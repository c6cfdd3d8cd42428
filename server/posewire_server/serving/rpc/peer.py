"""Peer of a call: the client, even if a front passes the call on."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

from posewire_server.serving.rpc.error_status import Context

_PEER = "posewire-peer"
_OF_THE_CONNECTION = {"user-agent", "te", "content-type", _PEER}
Metadata = Sequence[tuple[str, str | bytes]]


def true_peer(context: Context) -> str:
    """Returns the address of the client, as gRPC writes it, for instance ``ipv4:127.0.0.1:4711``.

    A front calls over a Unix socket and names its client in the metadata. Another client of such a
    socket is on this machine itself, whatever it names.
    """
    peer: str = context.peer()
    if not peer.startswith("unix:"):
        return peer
    named = [value for key, value in context.invocation_metadata() or () if key == _PEER]
    return str(named[0]) if named else peer


def metadata_to_pass_on(context: Context) -> list[tuple[str, str | bytes]]:
    """Returns the metadata of a client's call for the call to a worker, with the true peer."""
    given = context.invocation_metadata() or ()
    kept = [
        (key, value)
        for key, value in given
        if key not in _OF_THE_CONNECTION and not key.startswith("grpc-")
    ]
    return [*kept, (_PEER, true_peer(context))]


def is_local(context: Context) -> bool:
    """Whether the client is on this machine, by a Unix socket or a loopback address."""
    kind, _, place = true_peer(context).partition(":")
    if kind == "unix":
        return True
    host = unquote(place.rpartition(":")[0]).strip("[]").partition("%")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
