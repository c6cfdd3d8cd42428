"""Reads pickles as data: what they name is never looked up, imported or called.

A pickle is a program that can call whatever Python can import. Here its instructions are followed
on a stack of plain values; a call becomes a ``Call`` that only says what would have been called.

Source: the opcodes as documented in Python's ``pickletools``.
"""

import io
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from posewire_server.errors import LocalReason, WeightsError

MAX_INSTRUCTIONS: Final = 1_000_000
_VALUES: Final = ("INT", "LONG", "STRING", "UNICODE", "BYTES", "FLOAT", "BYTEARRAY")
_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_IGNORED: Final = {"PROTO", "FRAME"}


@dataclass(frozen=True)
class Global:
    """A name that the pickle mentions, for instance ``numpy.dtype``; not looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Call:
    """A call that the pickle asks for; not made.

    Attributes:
        function: Usually a ``Global``.
        arguments: What it would be called with.
        state: What its result would be given by ``__setstate__``.
    """

    function: Any
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(frozen=True, eq=False)
class Persistent:
    """A reference to something outside the pickle, as PyTorch's storages."""

    key: Any


def read_pickle(file: io.BytesIO) -> Any:
    """Returns the value of one pickle, read up to its end and no further.

    Args:
        file: At the first byte of the pickle. In memory, since a file on disk would make room
            for whatever length the pickle announces.

    Returns:
        Plain values, lists, tuples and dictionaries, with ``Global``, ``Call`` and ``Persistent``
        in the place of what they would stand for.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where the bytes are not a pickle, or one that no state
            dictionary needs: with keys other than texts and numbers, or too many instructions.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count > MAX_INSTRUCTIONS:
                raise _damaged(f"it has more than {MAX_INSTRUCTIONS} instructions")
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(str(error) or type(error).__name__) from error
    raise _damaged("it does not end")


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name.endswith("PUT") or name == "MEMOIZE":
            self._memo[len(self._memo) if argument is None else argument] = self.stack[-1]
        elif name.endswith("GET"):
            self.stack.append(self._memo[argument])
        elif name in _INSTRUCTIONS:
            _INSTRUCTIONS[name](self, argument)
        elif any(kind in name for kind in _VALUES):
            self.stack.append(argument)
        else:
            raise _damaged(f"its instruction {name} has no place in a state dictionary")

    def pop(self) -> Any:
        return self.stack.pop()

    def mark(self, _: Any) -> None:
        self._below.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def drop(self, _: Any) -> None:
        self.pop()

    def empty_list(self, _: Any) -> None:
        self.stack.append([])

    def empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def make_list(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append(items)

    def make_dict(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append({})
        self._update(items)

    def make_tuple(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append(tuple(items))

    def small_tuple(self, size: int) -> None:
        items = [self.pop() for _ in range(size)]
        self.stack.append(tuple(reversed(items)))

    def append(self, _: Any) -> None:
        item = self.pop()
        self._extend([item])

    def appends(self, _: Any) -> None:
        items = self.pop_mark()
        self._extend(items)

    def set_item(self, _: Any) -> None:
        value = self.pop()
        self._update([self.pop(), value])

    def set_items(self, _: Any) -> None:
        items = self.pop_mark()
        self._update(items)

    def name_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(Global(module, name))

    def stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise _damaged("it names something by other than text")
        self.stack.append(Global(module, name))

    def call(self, _: Any) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(arguments, tuple):
            raise _damaged("it calls with other than a tuple")
        # Ordered dictionaries and tuples are data; all else stays a call.
        if function == Global("collections", "OrderedDict") and not arguments:
            self.stack.append({})
        else:
            self.stack.append(Call(function, arguments))

    def build(self, _: Any) -> None:
        state = self.pop()
        if isinstance(self.stack[-1], Call):
            self.stack[-1].state = state

    def persist(self, _: Any) -> None:
        self.stack.append(Persistent(self.pop()))

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise _damaged("it appends to other than a list")
        self.stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        table, keys, values = self.stack[-1], items[::2], items[1::2]
        if not isinstance(table, dict) or len(keys) != len(values):
            raise _damaged("it sets items of other than a dictionary")
        if not all(isinstance(key, str | int) for key in keys):
            raise _damaged("a dictionary has keys other than texts and numbers")
        table.update(zip(keys, values, strict=True))


_INSTRUCTIONS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.drop,
    "EMPTY_LIST": _Machine.empty_list,
    "EMPTY_DICT": _Machine.empty_dict,
    "EMPTY_TUPLE": lambda machine, _: machine.small_tuple(0),
    "LIST": _Machine.make_list,
    "DICT": _Machine.make_dict,
    "TUPLE": _Machine.make_tuple,
    "TUPLE1": lambda machine, _: machine.small_tuple(1),
    "TUPLE2": lambda machine, _: machine.small_tuple(2),
    "TUPLE3": lambda machine, _: machine.small_tuple(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.name_global,
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persist,
}


def _damaged(what: str) -> WeightsError:
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable state dictionary: {what}")
