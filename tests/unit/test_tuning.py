"""What a process that moves pictures through gRPC asks of it, and of Python."""

import gc
from collections.abc import Iterator

import pytest
from posewire_server.runtime import freeze_garbage, tune_grpc


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_freeze_garbage_leaves_what_is_there_out_of_later_collections() -> None:
    loaded = ["what a server has loaded"]
    assert gc.is_tracked(loaded)
    freeze_garbage()
    assert gc.get_freeze_count() > 0
    assert not any(it is loaded for it in gc.get_objects())


def test_tune_grpc_keeps_what_the_user_has_set() -> None:
    environ = {"GRPC_EXPERIMENTS": "mine"}
    tune_grpc(environ)
    assert environ == {"GRPC_EXPERIMENTS": "mine", "GRPC_ENABLE_FORK_SUPPORT": "0"}
