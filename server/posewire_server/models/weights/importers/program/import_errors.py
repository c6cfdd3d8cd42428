"""Checks and errors of all importers, for files and networks that they cannot translate."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from posewire_server.errors import LocalReason, PosewireError, WeightsError


def unreadable(kind: str, what: str) -> WeightsError:
    """Returns the error for a file that is damaged or something else."""
    return WeightsError(LocalReason.WEIGHTS_DAMAGED, f"not a readable {kind}: {what}")


def unsupported(node: str, what: str) -> WeightsError:
    """Returns the error for a node that has something no importer can translate."""
    return WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, f"node {node!r} has {what}", node=node)


def check_operations(operations: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    """Raises ``unsupported`` for the first (node, operation) whose operation is not known."""
    for node, operation in operations:
        if operation not in known:
            text = (
                f"the operation {operation!r}; known are {', '.join(sorted(known))}. Freeze the "
                "graph for inference (fold batch normalisation, drop training nodes) or use the "
                "model's default weights"
            )
            raise unsupported(node, text)


@contextmanager
def naming(node: str) -> Iterator[None]:
    """Turns any error in the translation of a node into one that names the node."""
    try:
        yield
    except PosewireError:
        raise
    except Exception as error:  # Paddle raises many kinds if shapes do not fit.
        raise unsupported(node, f"inputs that do not fit: {error}") from error


def choose_outputs(wanted: Sequence[str], ends: Sequence[str], known: Iterable[str]) -> list[str]:
    """Returns the names of the outputs: those wanted or, if none are, the one end of the graph.

    Raises:
        WeightsError: WEIGHTS_UNSUPPORTED if a name is not in the graph, or none is wanted and
            the graph does not have exactly one end.
    """
    if not wanted:
        return [only("output", ends)]
    absent = sorted(set(wanted) - set(known))
    if absent:
        text = f"the graph has no {', '.join(map(repr, absent))}; it ends in {sorted(ends)}"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    return list(wanted)


def only(kind: str, names: Sequence[str]) -> str:
    """Returns the only name; otherwise raises WeightsError, WEIGHTS_UNSUPPORTED."""
    if len(names) != 1:
        text = f"the graph has {len(names)} {kind}s: {list(names)}"
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    return names[0]


def find_file(folder: Path, ending: str) -> Path:
    """Returns the only file with an ending; otherwise raises WeightsError, WEIGHTS_DAMAGED."""
    found = sorted(path for path in folder.iterdir() if path.name.endswith(ending))
    if len(found) != 1:
        names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        text = f"expected one file *{ending}, got {names}"
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text)
    return found[0]
