"""How many streams may be open at once."""

import contextlib
from collections.abc import Iterator

from posewire_server.errors import ErrorReason, StreamError


class Places:
    """Places for streams.

    Args:
        limit: How many there are.

    Attributes:
        taken: How many are taken.
    """

    def __init__(self, limit: int) -> None:
        self.taken = 0
        self._limit = limit

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Takes one for a ``with`` block.

        Raises:
            StreamError: TOO_MANY_STREAMS.
        """
        if self.taken >= self._limit:
            text = f"{self._limit} streams are open, as many as are allowed; retry with back-off"
            raise StreamError(ErrorReason.TOO_MANY_STREAMS, text, max_streams=self._limit)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
