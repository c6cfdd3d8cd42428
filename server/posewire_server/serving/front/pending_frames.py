"""Frames that went to a worker and have no outcome yet, told from the bytes that pass by.

Of most messages no more is read than the first bytes, where these are as protobuf libraries write
them: the tag of the one field that is set, its length, and the sequence id, the first field within.
"""

from google.protobuf.message import DecodeError
from posewire.v1 import keypoint_service_pb2 as pb

from posewire_server.serving.rpc.request_parser import UnusualError, read_varint

_LENGTH_DELIMITED = 2
_FRAME = pb.DetectRequest.FRAME_FIELD_NUMBER << 3 | _LENGTH_DELIMITED
_RESULT = pb.DetectResponse.RESULT_FIELD_NUMBER << 3 | _LENGTH_DELIMITED
_SEQUENCE_ID = pb.Result.SEQUENCE_ID_FIELD_NUMBER << 3


class Ledger:
    """What one stream is owed.

    Attributes:
        last_id: Greatest sequence id that passed; None where no frame did.
    """

    def __init__(self) -> None:
        self.last_id: int | None = None
        self._owed: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._owed)

    def note_request(self, content: bytes) -> None:
        """Books the frame of a ``DetectRequest``; what is none ends the stream, says the worker."""
        number = _leading_id(content, _FRAME)
        if number is None:
            number = _parsed_id(content)
        if number is None:
            return
        self._owed[number] = self._owed.get(number, 0) + 1
        self.last_id = number if self.last_id is None else max(self.last_id, number)

    def note_response(self, content: bytes) -> None:
        """Strikes out the frames whose outcome a ``DetectResponse`` is."""
        number = _leading_id(content, _RESULT)
        if number is not None:
            self._strike_out(number)
            return
        response = pb.DetectResponse.FromString(content)
        if response.HasField("result"):
            self._strike_out(response.result.sequence_id)
        elif response.HasField("frame_error"):
            self._strike_out(response.frame_error.sequence_id)
        elif response.HasField("dropped"):
            first, last = response.dropped.first_sequence_id, response.dropped.last_sequence_id
            for number in [owed for owed in self._owed if first <= owed <= last]:
                self._strike_out(number)

    def drop(self) -> list[pb.Dropped]:
        """Strikes out all frames; returns where they get their place."""
        dropped: list[pb.Dropped] = []
        for number, count in sorted(self._owed.items()):
            if not dropped or dropped[-1].last_sequence_id != number - 1:
                reason = pb.DROP_REASON_DRAINING
                dropped.append(pb.Dropped(first_sequence_id=number, reason=reason))
            dropped[-1].last_sequence_id = number
            dropped[-1].count += count
        self._owed.clear()
        return dropped

    def _strike_out(self, number: int) -> None:
        count = self._owed.pop(number, 0)
        if count > 1:
            self._owed[number] = count - 1


def _parsed_id(content: bytes) -> int | None:
    try:
        request = pb.DetectRequest.FromString(content)
    except DecodeError:
        return None
    return request.frame.sequence_id if request.HasField("frame") else None


def _leading_id(content: bytes, tag: int) -> int | None:
    """Returns the sequence id of a message that begins with it, within its field ``tag``."""
    try:
        if content[0] == tag:
            _, at = read_varint(content, 1)
            if content[at] == _SEQUENCE_ID:
                return read_varint(content, at + 1)[0]
    except (IndexError, UnusualError):
        pass
    return None
