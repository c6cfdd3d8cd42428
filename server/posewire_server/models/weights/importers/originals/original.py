"""Importer of the published files of a network, in any of their formats."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from posewire_server.errors import LocalReason, WeightsError
from posewire_server.models.weights.importers.originals import architectures, caffe, paddle_program
from posewire_server.models.weights.importers.program.emitter import Emitter

# The name or ending of one file of each format, and its importer.
ENDINGS: Final[Mapping[str, Callable[[Path, Emitter, Sequence[str]], list[Any]]]] = {
    ".caffemodel": caffe.translate,
    ".pdmodel": paddle_program.translate,
    ".pdparams": architectures.translate_paddle,
    ".pth": architectures.translate_torch,
    ".pth.tar": architectures.translate_torch,
    "__model__": paddle_program.translate,
    "model": paddle_program.translate,
}


def translate(folder: Path, emitter: Emitter, outputs: Sequence[str]) -> list[Any]:
    """Emits the network of the files in a folder and returns its outputs.

    Raises:
        WeightsError: WEIGHTS_DAMAGED if the files are of no format that is known, or of
            several; else as the format's own importer.
    """
    names = sorted(path.name for path in folder.iterdir())
    found = {
        translate
        for ending, translate in ENDINGS.items()
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
