"""Errors of a handler as the status of its call; nothing of the server's inside gets out."""

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from grpc_status import rpc_status

from posewire_server.errors import PosewireError, StreamError
from posewire_server.serving.rpc.status import to_status

_LOG = logging.getLogger(__name__)
Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[Any, Any, Context], Awaitable[Any]]


def answer_faults(handler: Handler) -> Handler:
    """Wraps a handler: what it raises ends the call with a google.rpc.Status."""

    @functools.wraps(handler)
    async def wrapped(servicer: Any, request: Any, context: Context) -> Any:
        try:
            return await handler(servicer, request, context)
        except grpc.aio.BaseError:  # the client has gone, or the server has stopped
            raise
        except Exception as error:
            await _abort(context, error)

    return wrapped


async def _abort(context: Context, error: Exception) -> NoReturn:
    if not isinstance(error, PosewireError):
        _LOG.error("a call failed", exc_info=error)
        error = PosewireError("INTERNAL", "the server met a fault of its own; its log has details")
    await context.abort_with_status(rpc_status.to_status(to_status(error)))
    raise error


def draining_error() -> StreamError:
    """Returns the error of a call that a draining server refuses or ends."""
    text = "the server is shutting down; resume on another server, or later"
    return StreamError("SERVER_DRAINING", text)
