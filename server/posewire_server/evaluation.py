"""Runs a model over labelled pictures and scores every decoder on the same network outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posewire_server.accuracy import Accuracy, score
from posewire_server.engine.predictor import Predictor
from posewire_server.errors import LabelsError
from posewire_server.frame import EncodedImage
from posewire_server.labels import LabelledPicture
from posewire_server.models.library import StoredModel
from posewire_server.models.spec import ModelSpec
from posewire_server.pipeline import EngineConfig, Networks, Pipeline
from posewire_server.pose import Poses

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """What was found in the pictures of a labels file, and how good it is, decoder by decoder.

    Attributes:
        model: Name of the model.
        engine: What ran the network, with every choice made.
        found: For each decoder, the poses of each picture.
        accuracy: For each decoder.
    """

    model: ModelSpec
    engine: EngineConfig
    found: dict[str, list[Poses]]
    accuracy: dict[str, Accuracy]


class LastRun:
    """A predictor that does not run again when it is given the inputs of its last run."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._inputs: Array | None = None
        self._outputs: list[Array] = []

    def run(self, inputs: Array) -> list[Array]:
        """Returns the outputs for a batch (N, 3, H, W) float32; not to be written to."""
        if self._inputs is None or not np.array_equal(self._inputs, inputs):
            self._outputs = self._predictor.run(inputs)
            self._inputs = inputs.copy()
        return self._outputs


def evaluate(
    stored: StoredModel,
    pictures: Sequence[LabelledPicture],
    engine: EngineConfig,
    decoders: Sequence[str] = (),
    picture_done: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Finds the poses in every picture with every decoder, and scores them.

    Args:
        stored: The model.
        pictures: What to look at.
        engine: What is to run the network.
        decoders: Names of decoders; empty for all that the model has.
        picture_done: Called after each picture.

    Raises:
        PosewireError: The engine, a decoder or a picture is not to be had.
    """
    spec = stored.spec
    pipeline = Pipeline.load(stored, Networks(engine, LastRun))
    names = [pipeline.decoder_name(name) for name in decoders or spec.decoders]
    found: dict[str, list[Poses]] = {name: [] for name in names}
    for picture in pictures:
        source = EncodedImage(_read(picture))
        for name in names:
            detection = pipeline.detect(source, decoder=name)
            _check_size(picture, detection.size_image)
            found[name].append(detection.poses)
        picture_done()
    accuracy = {name: score(pictures, poses, spec.skeleton) for name, poses in found.items()}
    return Evaluation(spec, pipeline.engine, found, accuracy)


def _read(picture: LabelledPicture) -> bytes:
    try:
        return picture.path.read_bytes()
    except OSError as error:
        text = f"the picture {picture.path} can not be read: {error.strerror}"
        raise LabelsError("LABELS_UNREADABLE", text) from error


def _check_size(picture: LabelledPicture, size: tuple[int, int]) -> None:
    if size != picture.size:
        (width, height), (labelled_width, labelled_height) = size, picture.size
        text = (
            f"{picture.path} has {width}x{height} pixels, "
            f"its labels are for {labelled_width}x{labelled_height}"
        )
        raise LabelsError("LABELS_MALFORMED", text)
