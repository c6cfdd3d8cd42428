"""Access unit of a video, and its place among the others, which is known without decoding."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class AccessUnit:
    """All that one picture is coded in.

    Attributes:
        data: Annex B. The parameter sets are rewritten so that no picture is held back. Units that
            decoding does not need are left out, because a strict decoder fails at faults in them.
        is_key: Whether decoding can begin here.
        is_reference: Whether later pictures may build on this one.
        is_open: Whether pictures right after this key frame may build on some before it.
        is_leading: Whether this is a picture of this kind, if it comes right after that key frame.
        number: Number of the picture, one more than that of the last reference picture before it.
        numbers: Count after which numbers begin again at 0; 0: the numbers say nothing.
        size: (W, H) in pixels, as coded, of the largest picture that its parameter sets announce;
            None: it has no parameter sets.
    """

    data: bytes
    is_key: bool
    is_reference: bool
    is_open: bool = False
    is_leading: bool = False
    number: int = 0
    numbers: int = 0
    size: tuple[int, int] | None = None


class Syntax(Protocol):
    """Parser of one codec's packets; keeps what their parameter sets say."""

    def read(self, data: bytes) -> AccessUnit:
        """Parses a packet.

        Raises:
            ValueError: It is no access unit of this codec; the text says why.
        """
