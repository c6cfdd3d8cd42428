"""One packet taken apart, as far as its place among the others can be seen without decoding."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class AccessUnit:
    """All that one picture is coded in.

    Attributes:
        data: Annex B, its parameter sets rewritten so that no picture is held back, and without
            what decoding does not need: one that is strict stumbles over faults in it.
        is_key: Whether decoding can begin here.
        is_reference: Whether later pictures may build on this one.
        is_open: Whether pictures right after this key frame may build on some before it.
        is_leading: Whether this is such a picture, if it comes right after such a key frame.
        number: Of its picture, one more than that of the last reference picture before it.
        numbers: Where numbers begin again at 0; 0 where they say nothing.
        size: (W, H) in pixels, as coded, of the largest picture that its parameter sets announce;
            None where it brings none.
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
    """How packets of one codec are to be read; keeps what their parameter sets say."""

    def read(self, data: bytes) -> AccessUnit:
        """Takes a packet apart.

        Raises:
            ValueError: It is no access unit of this codec; the text says why.
        """
