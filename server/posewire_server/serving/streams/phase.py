"""How far a stream is from its end."""

from enum import IntEnum


class Phase(IntEnum):
    """The phases of a stream, in their order; none comes back.

    Attributes:
        OPEN: Frames are accepted.
        FINISHING: Those that were accepted are answered.
        CLOSED: Nothing is answered; some frames may still be worked on.
        ENDED: None is.
    """

    OPEN = 0
    FINISHING = 1
    CLOSED = 2
    ENDED = 3
