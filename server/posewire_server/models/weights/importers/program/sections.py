"""Cuts a Paddle program into sections that can be run one after another."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

Section = tuple[list[Any], list[Any]]
"""The variables that a section takes, and those that it answers."""


def cut_program(program: Any, outputs: Sequence[Any], cuts: Sequence[Any]) -> list[Section]:
    """Returns the sections of a program, in the order in which they run.

    Args:
        program: One of Paddle's older format, its operations in an order in which they can run.
        outputs: What it answers; computed after all cuts.
        cuts: Variables that it computes, each by another operation; before that a section ends.
    """
    block = program.global_block()
    makers = {name: at for at, operation in enumerate(block.ops) for name in _made([operation])}
    bounds = [0, *sorted(makers[cut.name] for cut in cuts), len(block.ops)]
    sections = []
    for begin, end in pairwise(bounds):
        inside, after = block.ops[begin:end], block.ops[end:]
        taken = [block.var(name) for name in _needed(inside) - _made(inside)]
        wanted = _needed(after) & _made(inside)
        section = (
            sorted((it for it in taken if not it.persistable), key=lambda it: str(it.name)),
            [block.var(name) for name in sorted(wanted)] if after else list(outputs),
        )
        sections.append(section)
    return sections


def _needed(operations: Iterable[Any]) -> set[str]:
    return {name for operation in operations for name in operation.input_arg_names}


def _made(operations: Iterable[Any]) -> set[str]:
    return {name for operation in operations for name in operation.output_arg_names}
