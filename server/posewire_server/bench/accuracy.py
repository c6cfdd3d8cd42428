"""How exact the decoders are on real pictures: average precision on the same network outputs."""

from pathlib import Path

from posewire_server.bench.figure import Figure
from posewire_server.errors import LabelsError
from posewire_server.evaluation.evaluation import evaluate
from posewire_server.evaluation.labels import read_labels
from posewire_server.evaluation.task import find_task
from posewire_server.models.catalog import BODY
from posewire_server.models.library import Library
from posewire_server.pipeline import EngineConfig

_DEFAULT_LABELS = Path("../shared/data/labels.json")
_TARGETS = {"fast": ">= 0.315"}


def measure(cache: Path, labels: Path | None) -> list[Figure]:
    """Returns the average precision of each decoder of the body model.

    Args:
        cache: Folder of the weights.
        labels: Labels file; None for ``../shared/data/labels.json``.

    Raises:
        LabelsError: LABELS_UNREADABLE where there is no labels file; see ``read_labels``.
        PosewireError: The weights or the engine are not to be had.
    """
    path = labels or _DEFAULT_LABELS
    if not path.exists():
        text = f"there is no labels file {path}; name one with --labels"
        raise LabelsError("LABELS_UNREADABLE", text)
    task = find_task("body_multi")
    pictures = read_labels(path, task)
    evaluation = evaluate(Library(cache).pull(BODY), task, pictures, EngineConfig())
    title = f"accuracy: AP on {len(pictures)} COCO pictures, height {BODY.input.height}"
    return [
        Figure(f"{title}, {way}", result.score.figures["AP"], "", _TARGETS.get(way.decoder, ""), 1)
        for way, result in evaluation.results.items()
    ]
