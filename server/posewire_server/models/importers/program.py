"""Imports a network of a foreign format as a Paddle program, in a process of its own.

``python -m posewire_server.models.importers.program IMPORTER SOURCE_FOLDER PREFIX OUTPUT_NAME...``
reads the files of a folder and writes ``PREFIX.pdmodel`` and ``PREFIX.pdiparams``. The outputs are
in the order of their names, which may be left out where the graph ends in one.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from posewire_server.errors import WeightsError
from posewire_server.models.child import answer
from posewire_server.models.importers import graphdef_program, original, tflite_program
from posewire_server.models.importers.emitter import Emitter

VERSION: Final = 3

# Given the folder of the files, the program under construction and the names of the outputs wanted
# (none: the only one), an importer returns the outputs, variables of Paddle.
Importer = Callable[[Path, Emitter, Sequence[str]], list[Any]]

IMPORTERS: Final[Mapping[str, Importer]] = {
    "graphdef": graphdef_program.translate,
    "original": original.translate,
    "tfjs": graphdef_program.translate_graph_model,
    "tflite": tflite_program.translate,
}


def write_program(importer: str, source: Path, prefix: Path, outputs: Sequence[str] = ()) -> None:
    """Imports the files of a folder and writes ``prefix``.pdmodel and ``prefix``.pdiparams.

    Raises:
        WeightsError: WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
    """
    if importer not in IMPORTERS:
        known = ", ".join(sorted(IMPORTERS))
        text = f"there is no importer {importer!r}; there are: {known}"
        raise WeightsError("WEIGHTS_UNSUPPORTED", text)
    with Emitter.building() as emitter:
        emitter.save(prefix, IMPORTERS[importer](source, emitter, outputs))


def _main(importer: str, source: str, prefix: str, *outputs: str) -> dict[str, int]:
    write_program(importer, Path(source), Path(prefix), outputs)
    return {"version": VERSION}


if __name__ == "__main__":
    answer(lambda: _main(*sys.argv[1:]))
