"""A server on a Unix socket: who gets in, what becomes of its file, and what cannot be had."""

import stat
from pathlib import Path

import numpy as np
import pytest
from posewire import Client, Result
from posewire_server.errors import ConfigError

from tests.serving.hosted_server import HostedServer

PICTURE = np.zeros((480, 640, 3), np.uint8)


def test_socket_is_there_while_the_server_is(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with HostedServer(address=f"unix:{path}") as server:
        assert stat.S_ISSOCK(path.stat().st_mode)
        with Client(server.address) as client:
            outcomes = list(client.detect([PICTURE] * 5))
        assert [type(outcome) for outcome in outcomes] == [Result] * 5
    assert not path.exists()


def test_socket_without_a_file_is_announced_by_its_name(tmp_path: Path) -> None:
    address = f"unix-abstract:{tmp_path}/socket"
    with HostedServer(address=address) as server:
        assert server.address == address
        with Client(server.address) as client:
            assert isinstance(client.detect_image(PICTURE), Result)
        with pytest.raises(ConfigError) as raised:
            HostedServer(address=address).__enter__()
        assert raised.value.reason == "ADDRESS_UNUSABLE"


def test_socket_is_its_users_as_the_umask_has_it(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with HostedServer(address=f"unix:{path}"):
        # Who may write to the socket may connect.
        assert path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH) == 0


@pytest.mark.parametrize("name", ["x" * 150, "no/such/folder"])
def test_socket_that_can_not_be_had_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        HostedServer(address=f"unix:{tmp_path}/{name}").__enter__()
    assert raised.value.reason == "ADDRESS_UNUSABLE"


def test_socket_does_not_take_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("keep")
    with pytest.raises(ConfigError) as raised:
        HostedServer(address=f"unix:{path}").__enter__()
    assert raised.value.reason == "ADDRESS_UNUSABLE"
    assert path.read_text() == "keep"
