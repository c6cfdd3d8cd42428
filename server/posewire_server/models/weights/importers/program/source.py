"""The files of a network to import: a folder that holds them flat."""

from pathlib import Path

from posewire_server.errors import LocalReason, WeightsError


def find_file(folder: Path, ending: str) -> Path:
    """Returns the one file of a folder with an ending such as ``.pb``.

    Raises:
        WeightsError: WEIGHTS_DAMAGED where there is none, or more than one.
    """
    found = sorted(path for path in folder.iterdir() if path.name.endswith(ending))
    if len(found) != 1:
        names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        text = f"expected one file *{ending}, got {names}"
        raise WeightsError(LocalReason.WEIGHTS_DAMAGED, text)
    return found[0]
