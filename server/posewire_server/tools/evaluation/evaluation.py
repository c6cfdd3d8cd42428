"""Evaluation of a model on labelled pictures: the poses found and their scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from posewire_server.errors import LabelsError, LocalReason, SourceError
from posewire_server.frame import MAX_PIXELS
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Networks
from posewire_server.inference.engine.predictor import Predictor
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.sources.image import decode_image
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.labels import LabelledPicture
from posewire_server.tools.evaluation.score import Score, score, score_datasets
from posewire_server.tools.evaluation.task import Task, Translation

Array = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class EvaluationMode:
    """Mode of the model, and whether it is given the labelled boxes or uses its own detector."""

    mode: str
    is_given_boxes: bool = False

    def __str__(self) -> str:
        return f"{self.mode}, given boxes" if self.is_given_boxes else self.mode


@dataclass(frozen=True, eq=False)
class Result:
    """Poses of one evaluation mode, and their scores.

    Attributes:
        found: The poses of each picture, over the model's skeleton.
        datasets: Score of each data set, and of groups of them.
    """

    found: list[Poses]
    score: Score
    datasets: dict[str, Score]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Results of a model on the pictures of a labels file; the engine's defaults are resolved."""

    model: ModelSpec
    task: Task
    engine: EngineConfig
    results: dict[EvaluationMode, Result]


class CachedPredictor:
    """Predictor that returns its last outputs again if the inputs are equal."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._inputs: Array | None = None
        self._outputs: list[Array] = []

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, C, H, W) float32; not to be written to."""
        if self._inputs is None or not np.array_equal(self._inputs, inputs):
            self._outputs = self._predictor.run(inputs)
            self._inputs = inputs.copy()
        return self._outputs


def evaluate(
    stored: StoredModel,
    task: Task,
    pictures: Sequence[LabelledPicture],
    engine: EngineConfig,
    modes: Sequence[str] = (),
    *,
    boxes: bool = False,
    picture_done: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Finds the poses in every picture and scores them.

    All modes are decoded from the same network outputs; by default all of the model. With
    ``boxes`` the model is also evaluated with the labelled boxes given.

    Raises:
        PosewireError: The engine, a mode or a picture is not available, or the model does not suit
            the task.
    """
    translation = Translation(stored.spec.skeleton, task)
    if boxes and not translation.keeps_order:
        text = f"model '{stored.spec.name}' finds persons; it cannot be given boxes of {task.noun}"
        raise LabelsError(LocalReason.TASK_UNSUITED, text, task=task.name)
    pipeline = Pipeline.load(stored, Networks(engine, CachedPredictor))
    names = [pipeline.mode_name(name) for name in modes or stored.spec.modes]
    ways = [
        EvaluationMode(name, given)
        for given in ((True, False) if boxes else (False,))
        for name in names
    ]
    found: dict[EvaluationMode, list[Poses]] = {way: [] for way in ways}
    for picture in pictures:
        for way, poses in _search(pipeline, picture, ways):
            found[way].append(poses)
        picture_done()
    results: dict[EvaluationMode, Result] = {}
    for way, poses_found in found.items():
        given, in_order = (task, pictures, poses_found, translation), way.is_given_boxes
        total = score(*given, in_order=in_order)
        results[way] = Result(poses_found, total, score_datasets(*given, in_order=in_order))
    return Evaluation(stored.spec, task, pipeline.engine, results)


def _search(
    pipeline: Pipeline, picture: LabelledPicture, ways: Sequence[EvaluationMode]
) -> Iterator[tuple[EvaluationMode, Poses]]:
    image = _read(picture)
    boxes = tuple(instance.box for instance in picture.instances if instance.counts)
    for way in ways:
        if not way.is_given_boxes:
            yield way, pipeline.detect(image, mode=way.mode).poses
        elif boxes:
            yield way, pipeline.detect(image, mode=way.mode, boxes=boxes).poses
        else:
            keypoints = len(pipeline.spec.skeleton.keypoints)
            yield way, Poses(np.zeros((0, keypoints, 3), np.float32), np.zeros(0, np.float32))


def _read(picture: LabelledPicture) -> Image:
    try:
        data = picture.path.read_bytes()
    except OSError as error:
        text = f"the picture {picture.path} cannot be read: {error.strerror}"
        raise LabelsError(LocalReason.LABELS_UNREADABLE, text) from error
    image = _decode(data)
    height, width = image.shape[:2]
    if (width, height) != picture.size:
        labelled = "{}x{}".format(*picture.size)
        text = f"{picture.path} has {width}x{height} pixels, its labels are for {labelled}"
        raise LabelsError(LocalReason.LABELS_MALFORMED, text)
    return image


def _decode(data: bytes) -> Image:
    """Decodes as the server does, and also formats that only data sets use, for instance PPM."""
    try:
        return decode_image(data, max_pixels=MAX_PIXELS)
    except SourceError:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise
        return image.astype(np.uint8, copy=False)
