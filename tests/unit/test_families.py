"""Families of models: each has its builder and declares its abilities; a new one is one entry."""

from contextlib import closing

import numpy as np
import pytest
from posewire_server.errors import StreamError
from posewire_server.frame import Region
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import (
    Abilities,
    DetectionOptions,
    PoseEstimator,
)
from posewire_server.inference.families import FAMILIES, build_estimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.inference.tracking.tracking_settings import TrackingSettings
from posewire_server.models.catalog.catalog import CATALOG, find_model
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.skeletons import MPII16
from posewire_server.tools.benchmarks.noop import NoopPredictor

from tests.serving.gated_predictor import GatedPredictor

PICTURE = np.zeros((48, 64, 3), np.uint8)


def estimator_of(name: str) -> PoseEstimator:
    spec = find_model(name)
    return build_estimator(spec, {n.name: Network(n, NoopPredictor()) for n in spec.networks})


def test_every_family_has_a_model_and_every_model_a_family() -> None:
    assert {spec.family for spec in CATALOG} == set(FAMILIES)


@pytest.mark.parametrize(
    ("name", "follows"),
    [("hand", True), ("face", True), ("person", True), ("person-blaze", True), ("body", False)],
)
def test_models_with_a_detector_follow_their_instances(name: str, *, follows: bool) -> None:
    assert estimator_of(name).abilities.follows == follows


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.name)
def test_bottom_up_models_take_no_boxes(spec: ModelSpec) -> None:
    is_bottom_up = spec.name in ("body", "body-cmu", "body-25", "wholebody")
    assert estimator_of(spec.name).abilities.takes_boxes is not is_bottom_up


class BrightestPixel:
    """A family of its own: the brightest pixel is the one keypoint; it follows that."""

    abilities = Abilities(follows=True)

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self.count = len(spec.skeleton.keypoints)
        self.network = network

    def find(self, picture: Picture, options: DetectionOptions, context: FrameContext) -> Poses:
        assert options.regions is not None
        with context.stage("decode"):
            grey = picture.image.max(2)
        self.network.run(np.zeros((1, 3, 48, 64), np.float32), context)
        y, x = np.unravel_index(int(grey.argmax()), grey.shape)
        keypoints = np.full((1, self.count, 3), (x, y, 1), np.float32)
        return Poses(keypoints, np.ones(1, np.float32))


def test_a_new_family_is_one_class_and_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "brightest-pixel", BrightestPixel)
    spec = ModelSpec("bright", MPII16, "brightest-pixel", (TFPOSE,), ("plain",))
    predictor = GatedPredictor()
    estimator = build_estimator(spec, {TFPOSE.name: predictor.network})
    engine = predictor.pipeline().engine
    pipeline = Pipeline(spec, "v1", estimator, engine, networks=(predictor.network,))
    picture = PICTURE.copy()
    picture[20, 30] = 255
    with closing(pipeline.open_session(tracking=TrackingSettings())) as session:
        for _ in range(2):
            poses = pipeline.detect(picture, session=session).poses
            assert poses.keypoints[0, 0].tolist() == [30, 20, 1]
            assert poses.ids is not None
            assert poses.ids.tolist() == [1]
    with pytest.raises(StreamError, match="takes no boxes"):
        pipeline.detect(picture, boxes=(Region(0, 0, 9, 9),))
