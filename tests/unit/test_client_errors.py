import grpc
import grpc.aio
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from posewire import (
    FailedPreconditionError,
    InternalError,
    ModelNotServingError,
    ModelUnknownError,
    NotFoundError,
    PosewireError,
    ResourceExhaustedError,
    UnavailableError,
)
from posewire.errors import error_from


def failure(
    code: grpc.StatusCode, text: str, details: status_pb2.Status | None = None
) -> grpc.aio.AioRpcError:
    pairs = [("grpc-status-details-bin", details.SerializeToString())] if details else []
    trailing = grpc.aio.Metadata(*pairs)
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=text)


def status(code: int, text: str, reason: str, **metadata: str) -> status_pb2.Status:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="posewire", metadata=metadata))
    return status_pb2.Status(code=code, message=text, details=[detail])


def test_error_from_reads_reason_and_metadata() -> None:
    details = status(code_pb2.NOT_FOUND, "no", "MODEL_UNKNOWN", known="body")
    error = error_from(failure(grpc.StatusCode.NOT_FOUND, "no", details))
    assert type(error) is ModelUnknownError
    assert (error.reason, error.metadata, str(error)) == ("MODEL_UNKNOWN", {"known": "body"}, "no")
    assert error.code is grpc.StatusCode.NOT_FOUND


def test_error_from_tells_a_model_that_is_not_served_by_its_reason() -> None:
    details = status(code_pb2.FAILED_PRECONDITION, "no", "MODEL_NOT_SERVING", model="hand")
    error = error_from(failure(grpc.StatusCode.FAILED_PRECONDITION, "no", details))
    assert type(error) is ModelNotServingError
    assert (error.metadata, error.is_transient) == ({"model": "hand"}, False)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.UNAVAILABLE, UnavailableError),
        (grpc.StatusCode.FAILED_PRECONDITION, FailedPreconditionError),
        (grpc.StatusCode.DATA_LOSS, PosewireError),
    ],
)
def test_error_from_follows_the_code_where_there_are_no_details(
    code: grpc.StatusCode, kind: type[PosewireError]
) -> None:
    error = error_from(failure(code, "text"))
    assert type(error) is kind
    assert (error.reason, error.metadata, str(error)) == ("", {}, "text")


def test_error_from_details_that_contradict_the_status_are_left_out() -> None:
    details = status(code_pb2.NOT_FOUND, "no", "MODEL_UNKNOWN")
    error = error_from(failure(grpc.StatusCode.UNAVAILABLE, "proxy", details))
    assert type(error) is UnavailableError
    assert error.reason == ""


def test_error_from_without_text_says_the_code() -> None:
    assert str(error_from(failure(grpc.StatusCode.INTERNAL, ""))) == "INTERNAL"


def test_error_from_failed_write_is_a_broken_connection() -> None:
    error = error_from(failure(grpc.StatusCode.INTERNAL, "Internal error from Core"))
    assert type(error) is UnavailableError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnavailableError("", code=grpc.StatusCode.UNAVAILABLE), True),
        (InternalError("", code=grpc.StatusCode.INTERNAL), True),
        (ResourceExhaustedError("", code=grpc.StatusCode.RESOURCE_EXHAUSTED), False),
        (
            ResourceExhaustedError(
                "", code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="TOO_MANY_STREAMS"
            ),
            True,
        ),
        (PosewireError("", code=grpc.StatusCode.INVALID_ARGUMENT), False),
    ],
)
def test_is_transient_says_whether_trying_again_helps(error: PosewireError, expected: bool) -> None:
    assert error.is_transient is expected
