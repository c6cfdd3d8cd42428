"""Unpickler of tensors: nothing that a pickle names is looked up, imported or called.

A pickle is a program that can call whatever Python can import. ``TensorUnpickler`` admits the names
that tensors need, and puts records of them in their place. Before it runs, ``read_pickle`` follows
the pickle's instructions without making a value: it refuses those that tensors do not need, lengths
beyond the file, memo indices that would take memory, and keys that would take time to hash.

Source: the opcodes as documented in Python's ``pickletools``.
"""

import io
import pickle
import pickletools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, cast

from posewire_server.errors import WeightsError
from posewire_server.models.weights.importers.program.import_errors import unreadable

MAX_INSTRUCTIONS: Final = 1_000_000
_NUMPY: Final = ("numpy", "numpy.core", "numpy._core")
ADMITTED: Final = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("_codecs", "encode"),
    *((module, name) for module in ("builtins", "__builtin__") for name in ("bytes", "tuple")),
    *((module, name) for module in _NUMPY for name in ("dtype", "ndarray")),
    *((f"{module}.multiarray", name) for module in _NUMPY for name in ("_reconstruct", "scalar")),
    *((f"{module}.numeric", "_frombuffer") for module in _NUMPY),
}
_OPCODES: Final = frozenset(
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 "  # noqa: SIM905
    "FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_LIST EMPTY_DICT EMPTY_TUPLE "
    "LIST DICT TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM SETITEMS PUT BINPUT LONG_BINPUT "
    "MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID".split()
)
_KEYS: Final = {
    *(pickletools.pyunicode, pickletools.pybytes_or_str),
    *(pickletools.pyint, pickletools.pyinteger_or_bool),
}
_damaged: Final = partial(unreadable, "state dictionary")


class Global(NamedTuple):
    """A name that the pickle mentions, for instance ``numpy.dtype``; not looked up."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> "Call | Table":
        """Returns a record of the call; a ``Table`` for an ordered dictionary, which is data."""
        is_table = self == ("collections", "OrderedDict") and not arguments
        return Table() if is_table else Call(self, arguments)


@dataclass(eq=False, slots=True)
class Call:
    """A call that the pickle asks for, with the state that its result would get; not made."""

    function: Global
    arguments: tuple[Any, ...]
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keeps the state."""
        self.state = state


class Persistent(NamedTuple):
    """A reference to something outside the pickle, as PyTorch's storages."""

    key: Any


class Table(dict[Any, Any]):
    """An ordered dictionary; the attributes that PyTorch gives it are left out."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        """Drops the state."""


class TensorUnpickler(pickle.Unpickler):
    """Unpickler that returns records for the names that tensors need, and refuses all others."""

    def find_class(self, module: str, name: str) -> Global:
        """Returns the record of a name; raises WeightsError if tensors do not need it."""
        is_storage = module in ("torch", "torch.cuda") and name.endswith("Storage")
        if (module, name) not in ADMITTED and not is_storage:
            text = f"it names {module}.{name}, which no tensor needs; save the parameters alone"
            raise _damaged(text)
        return Global(module, name)

    def persistent_load(self, pid: Any) -> Persistent:
        """Returns the record of a reference."""
        return Persistent(pid)


def read_pickle(file: io.BytesIO) -> Any:
    """Returns the value of one pickle, read up to its end and no further.

    The value has plain values, lists, tuples and dictionaries, with the records ``Global``,
    ``Call`` and ``Persistent``. The file is at the first byte of the pickle, and in memory: a file
    on disk would make room for any length that the pickle announces.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the bytes are not a pickle, or one that no state
            dictionary needs: with other names, keys other than texts and numbers, or too many
            instructions.
    """
    begin = file.tell()
    try:
        _check_instructions(file)
        end = file.tell()
        file.seek(begin)
        value = TensorUnpickler(file, encoding="latin-1").load()
    except WeightsError:
        raise
    except Exception as error:  # An unpickler may raise anything.
        raise _damaged(str(error) or type(error).__name__) from error
    file.seek(end)
    return value


def _check_instructions(file: io.BytesIO) -> None:
    """Follows one pickle on a stack of kinds, to its end."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if count > MAX_INSTRUCTIONS:
            raise _damaged(f"it has more than {MAX_INSTRUCTIONS} instructions")
        if opcode.name not in _OPCODES:
            raise _damaged(f"its instruction {opcode.name} has no place in a state dictionary")
        if opcode.name.endswith("PUT") or opcode.name == "MEMOIZE":
            index = len(memo) if argument is None else int(argument)
            if not 0 <= index <= MAX_INSTRUCTIONS:
                raise _damaged(f"its memo has an entry {index}")
            memo[index] = stack[-1]
        elif opcode.name.endswith("GET"):
            stack.append(memo[cast("int", argument)])
        elif opcode.name == "MARK":
            marks.append(len(stack))
        else:
            items = _take(stack, marks, opcode.stack_before)
            if opcode.name in ("SETITEM", "SETITEMS", "DICT") and not _KEYS.issuperset(items[::2]):
                raise _damaged("a dictionary has keys other than texts and numbers")
            stack += opcode.stack_after


def _take(stack: list[Any], marks: list[int], kinds: Sequence[Any]) -> list[Any]:
    """Takes off the stack what an instruction reads; returns the kinds after its dictionary."""
    count = len(kinds)
    if pickletools.stackslice in kinds:
        begin, count = marks.pop(), count - 2  # Without the mark and the slice above it.
    else:
        begin = len(stack)
    lowest = begin - count
    if lowest < 0:
        raise ValueError("its stack is empty")
    taken = stack[lowest:]
    del stack[lowest:]
    return taken[1:] if kinds and kinds[0] is pickletools.pydict else taken
