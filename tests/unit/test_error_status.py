import ast
import re
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from grpc import StatusCode
from posewire.v1 import error_reason_pb2
from posewire_server.errors import EngineError, PosewireError, SourceError
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
        if path.stem not in {"address", "self_check", "reference", "supervisor"}  # of the start
    ),
)
NEVER_SENT = {"CANCELLED"}  # nobody is left to read it


def documented() -> dict[str, str]:
    """Returns the comment of each reason in the contract."""
    pattern = rf"((?:  //.*\n)+)  {PREFIX}(\w+) = \d+;"
    return {
        name: " ".join(comment.replace("//", "").split())
        for comment, name in re.findall(pattern, PROTO)
    }


def reasons_raised() -> set[tuple[str, str]]:
    """Returns (module, reason) of each error that is made on a request's way."""
    return {
        (module, node.args[0].value)
        for module in ON_THE_WAY
        for node in ast.walk(ast.parse((SERVER / f"{module}.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.endswith("Error")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and node.args[0].value.isupper()  # others are for the module itself
    }


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
def test_status_code_is_the_one_the_contract_says(reason: str) -> None:
    assert documented()[reason].partition(".")[0] == CODES[reason].name


def test_status_every_error_on_a_requests_way_has_a_code() -> None:
    raised = reasons_raised()
    assert len(raised) > 20
    assert {pair for pair in raised if pair[1] not in {*CODES, *NEVER_SENT}} == set()


@pytest.mark.parametrize("reason", CODES)
def test_status_carries_code_text_reason_and_metadata(reason: str) -> None:
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
        EngineError("ENGINE_FAILED", "tensor at 0xdeadbeef", path="/secret"),
        EngineError("INFERENCE_FAILED", "tensor at 0xdeadbeef"),
        SourceError("SOMETHING_NEW", "tensor at 0xdeadbeef"),
    ],
)
def test_status_of_an_engine_does_not_leak(error: PosewireError) -> None:
    status = to_status(error)
    assert status.code == StatusCode.INTERNAL.value[0]
    assert b"deadbeef" not in status.SerializeToString()
    assert b"secret" not in status.SerializeToString()
    assert b"ENGINE_FAILED" in status.SerializeToString()
