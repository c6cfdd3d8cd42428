import socket

import pytest
from posewire_server.errors import ConfigError
from posewire_server.serving.rpc.listener import check_address
from posewire_server.serving.rpc.server_config import ServerConfig
from posewire_server.tools.commands import serve


@pytest.mark.parametrize(
    "address", ["127.0.0.1:0", "localhost:0", "[::1]:0", "unix-abstract:posewire-of-a-test"]
)
def test_address_that_is_free_passes(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("127.0.0.1:65536", "at most 65535"),
        ("192.0.2.1:0", "one of this host"),
        ("no such host:0", "one of this host"),
        ("nowhere", "give host:port"),
        ("127.0.0.1:http", "give host:port"),
        ("unix:/no/such/folder/socket", "no folder /no/such/folder"),
    ],
)
def test_address_that_can_not_be_had_is_refused(address: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen.*{remedy}") as raised:
        check_address(address)
    assert raised.value.reason == "ADDRESS_UNUSABLE"


def test_address_in_use_is_refused_before_a_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(serve, "load_pipelines", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="is the port taken"):
            serve.run(ServerConfig(address=address), tmp_path_factory.getbasetemp(), lambda _: [])


def test_address_in_use_may_be_shared_where_asked_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        check_address(f"127.0.0.1:{taken.getsockname()[1]}", reuse_port=True)
