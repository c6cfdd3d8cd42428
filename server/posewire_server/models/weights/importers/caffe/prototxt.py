"""Reads protobuf's text format without a schema, as Caffe's .prototxt files.

Source: the specification of the text format of Protocol Buffers; of it what Caffe's files use:
messages in braces, numbers, names and quoted texts.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeVar

from posewire_server.errors import LocalReason, WeightsError

MAX_DEPTH: Final = 32
MAX_CHARACTERS: Final = 4_000_000
_TOKEN: Final = re.compile(
    r"""\s+ | \#[^\n]* | [,;] | (?P<brace>[{}<>:]) | (?P<word>[-+.\w]+)
    | "(?P<double>(?:[^"\\\n]|\\.)*)" | '(?P<single>(?:[^'\\\n]|\\.)*)' | (?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)

_Kind = TypeVar("_Kind")


class Table:
    """The fields of one message, each with all its values in the order they were written."""

    def __init__(self) -> None:
        self._fields: dict[str, list[str | Table]] = {}

    def add(self, name: str, value: "str | Table") -> None:
        """Adds one value to a field."""
        self._fields.setdefault(name, []).append(value)

    def tables(self, name: str) -> "list[Table]":
        """Returns the messages of a field.

        Raises:
            WeightsError: WEIGHTS_DAMAGED where one of the values is not a message.
        """
        return [self._checked(name, value, Table) for value in self._fields.get(name, ())]

    def table(self, name: str) -> "Table":
        """Returns the last message of a field; an empty one where it is absent."""
        return (self.tables(name) or [Table()])[-1]

    def texts(self, name: str) -> list[str]:
        """Returns the values of a field, as they are written.

        Raises:
            WeightsError: WEIGHTS_DAMAGED where one of the values is a message.
        """
        return [self._checked(name, value, str) for value in self._fields.get(name, ())]

    def text(self, name: str, default: str = "") -> str:
        """Returns the last value of a field."""
        return (self.texts(name) or [default])[-1]

    def integers(self, name: str) -> list[int]:
        """Returns the whole numbers of a field.

        Raises:
            WeightsError: WEIGHTS_DAMAGED where one is not, or has more than ten digits.
        """
        values = self.texts(name)
        if not all(re.fullmatch(r"[-+]?\d{1,10}", value, re.ASCII) for value in values):
            raise _damaged(f"{name} is not a whole number")
        return [int(value) for value in values]

    def integer(self, name: str, default: int = 0) -> int:
        """Returns the last whole number of a field."""
        return (self.integers(name) or [default])[-1]

    def _checked(self, name: str, value: object, kind: type[_Kind]) -> _Kind:
        if not isinstance(value, kind):
            raise _damaged(f"{name} is of another kind than expected")
        return value


def parse(text: str) -> Table:
    """Returns the message that a text describes.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where it is not of the text format, is nested deeper than 32,
            or longer than four million characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise _damaged(f"it has more than {MAX_CHARACTERS} characters")
    open_tables, name = [Table()], ""
    for kind, mark in _tokens(text):
        if kind == "brace":
            name = _follow(open_tables, name, mark)
        elif name:
            open_tables[-1].add(name.removesuffix(":"), mark)
            name = ""
        elif kind == "word":
            name = mark
        else:
            raise _damaged(f"{mark[:40]!r} where a name was expected")
    if name or len(open_tables) != 1:
        raise _damaged("it ends early")
    return open_tables[0]


def _follow(open_tables: list[Table], name: str, mark: str) -> str:
    """Opens or closes a message; returns the name that now waits for its value."""
    if mark in "{<" and name:
        table = Table()
        open_tables[-1].add(name.removesuffix(":"), table)
        open_tables.append(table)
        if len(open_tables) > MAX_DEPTH:
            raise _damaged(f"it is nested deeper than {MAX_DEPTH}")
        return ""
    if mark in "}>" and not name and len(open_tables) > 1:
        open_tables.pop()
        return ""
    if mark == ":" and name and not name.endswith(":"):
        return f"{name}:"
    raise _damaged(f"{mark!r} in the wrong place")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "wrong":
            raise _damaged(f"{match[0]!r} in the wrong place")
        if kind:
            yield kind, match[kind]


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable text of layers: {what}")
