"""Imports a network of a foreign format as a Paddle program, in a process of its own.

``python -m ...importers.import_network IMPORTER SOURCE_FOLDER PREFIX OUTPUT_NAME...`` reads the
files of a folder and writes ``PREFIX.pdmodel`` and ``PREFIX.pdiparams``. The outputs are in the
order of their names, which may be left out if the graph ends in one.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.isolated import answer
from posewire_server.models.weights.importers.graphdef import graphdef_program
from posewire_server.models.weights.importers.originals import architectures, caffe, paddle_program
from posewire_server.models.weights.importers.program.emitter import Emitter
from posewire_server.models.weights.importers.tflite import tflite_program

VERSION: Final = 6

# Given the folder of the files, the program under construction and the names of the tensors wanted
# (none: the only output), an importer returns these tensors, variables of Paddle. It raises
# WeightsError, WEIGHTS_DAMAGED or WEIGHTS_UNSUPPORTED.
Importer = Callable[[Path, Emitter, Sequence[str]], list[Any]]

# The importers of published files by the name or ending of one of them.
_ORIGINALS: Final[Mapping[str, Importer]] = {
    ".caffemodel": caffe.translate,
    ".pdmodel": paddle_program.translate,
    ".pdparams": architectures.translate_paddle,
    ".pth": architectures.translate_torch,
    ".pth.tar": architectures.translate_torch,
    "__model__": paddle_program.translate,
    "model": paddle_program.translate,
}


def translate_original(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network whose published files a folder holds, in any of their formats."""
    names = sorted(path.name for path in folder.iterdir())
    found = {
        translate
        for ending, translate in _ORIGINALS.items()
        for name in names
        if (name.endswith(ending) if ending.startswith(".") else name == ending)
    }
    if len(found) != 1:
        text = (
            f"expected the files of one network, got {', '.join(names) or 'nothing'}; known are "
            ".prototxt with .caffemodel, .pdparams, .pdmodel with .pdiparams, __model__ with "
            "__params__, and .pth or .pth.tar"
        )
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text)
    return found.pop()(folder, emitter, outputs)


IMPORTERS: Final[Mapping[str, Importer]] = {
    "graphdef": graphdef_program.translate,
    "original": translate_original,
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
        raise WeightsError(LocalReason.WEIGHTS_UNSUPPORTED, text)
    with Emitter.building() as emitter:
        emitter.save(prefix, IMPORTERS[importer](source, emitter, outputs))


def _main(importer: str, source: str, prefix: str, *names: str) -> dict[str, int]:
    write_program(importer, Path(source), Path(prefix), names)
    return {"version": VERSION}


if __name__ == "__main__":
    answer(lambda: _main(*sys.argv[1:]))
