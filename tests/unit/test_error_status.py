import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from grpc import StatusCode
from posewire.v1 import error_reason_pb2
from posewire_server.errors import (
    EngineError,
    ErrorReason,
    LocalReason,
    PosewireError,
    Reason,
    SourceError,
    find_reason,
)
from posewire_server.serving.rpc.error_status import CODES, to_status

ROOT = Path(__file__).resolve().parents[2]
PROTO = (ROOT / "proto" / "posewire" / "v1" / "error_reason.proto").read_text()
SERVER = ROOT / "server" / "posewire_server"
PREFIX = "ERROR_REASON_"
# The modules that a request passes through.
ON_THE_WAY = (
    *("inference/pipeline", "inference/reader", "models/catalog/catalog"),
    *(
        str(path.relative_to(SERVER).with_suffix(""))
        for folder in ("serving/rpc", "serving/front", "serving/streams", "inference")
        for path in (SERVER / folder).rglob("*.py")
        if path.stem not in {"listener", "self_check", "reference", "supervisor"}  # of the start
    ),
)
NEVER_SENT = {LocalReason.CANCELLED}  # nobody is left to read it


def documented() -> dict[str, str]:
    """Returns the comment of each reason in the contract."""
    pattern = rf"((?:  //.*\n)+)  {PREFIX}(\w+) = \d+;"
    return {
        name: " ".join(comment.replace("//", "").split())
        for comment, name in re.findall(pattern, PROTO)
    }


def reasons_used(modules: Iterable[str]) -> set[Reason]:
    """Returns the members of both enums that modules name."""
    kinds = {kind.__name__: kind for kind in (ErrorReason, LocalReason)}
    return {
        kinds[node.value.id][node.attr]
        for module in modules
        for node in ast.walk(ast.parse((SERVER / f"{module}.py").read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in kinds
    }


def test_reasons_are_those_of_the_contract() -> None:
    names = {name.removeprefix(PREFIX) for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118
    assert set(ErrorReason) == names - {"UNSPECIFIED"}
    assert not set(ErrorReason) & set(LocalReason)


def test_reasons_are_all_given_somewhere() -> None:
    modules = (str(path.relative_to(SERVER).with_suffix("")) for path in SERVER.rglob("*.py"))
    given = reasons_used(set(modules) - {"errors", "serving/rpc/error_status"})
    assert given | {ErrorReason.INTERNAL, ErrorReason.SERVER_DRAINING} == {
        *ErrorReason,
        *LocalReason,
    }


@pytest.mark.parametrize("reason", [ErrorReason.IMAGE_EMPTY, LocalReason.SETTING_INVALID])
def test_find_reason_returns_the_reason_of_its_name(reason: Reason) -> None:
    assert find_reason(str(reason)) is reason


def test_find_reason_unknown_raises() -> None:
    with pytest.raises(ValueError, match="NOTHING"):
        find_reason("NOTHING")


def test_status_every_reason_of_the_contract_is_documented() -> None:
    names = {name.removeprefix(PREFIX) for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118
    assert set(documented()) == names


def test_status_reasons_are_those_the_contract_says_are_sent() -> None:
    sent = {
        name
        for name, comment in documented().items()
        if not comment.startswith(("Never sent", "Not sent over the wire"))
    }
    assert set(CODES) == sent


@pytest.mark.parametrize("reason", CODES)
def test_status_code_is_the_one_the_contract_says(reason: ErrorReason) -> None:
    assert documented()[reason].partition(".")[0] == CODES[reason].name


def test_status_every_error_on_a_requests_way_has_a_code() -> None:
    used = reasons_used(ON_THE_WAY)
    assert len(used) > 20
    assert used - set(CODES) - NEVER_SENT == set()


@pytest.mark.parametrize("reason", CODES)
def test_status_carries_code_text_reason_and_metadata(reason: ErrorReason) -> None:
    status = to_status(PosewireError(reason, "do this", width=7))
    number, _ = CODES[reason].value
    assert (status.code, status.message) == (number, "do this")
    info = error_details_pb2.ErrorInfo()
    (details,) = status.details
    assert details.Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == (reason, "posewire", {"width": "7"})


@pytest.mark.parametrize(
    "error",
    [
        EngineError(ErrorReason.ENGINE_FAILED, "tensor at 0xdeadbeef", path="/secret"),
        EngineError(LocalReason.SERVER_FAILED, "tensor at 0xdeadbeef"),
        SourceError(LocalReason.SOURCE_EMPTY, "tensor at 0xdeadbeef"),
    ],
)
def test_status_of_an_engine_does_not_leak(error: PosewireError) -> None:
    status = to_status(error)
    assert status.code == StatusCode.INTERNAL.value[0]
    assert b"deadbeef" not in status.SerializeToString()
    assert b"secret" not in status.SerializeToString()
    assert b"ENGINE_FAILED" in status.SerializeToString()
