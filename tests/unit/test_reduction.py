"""How far frames are reduced when they are read, and that answers are of the frame all the same."""

from dataclasses import replace

import numpy as np
import pytest
from posewire_server.errors import RegionError
from posewire_server.frame import EncodedImage, PixelFormat, RawImage, Region, Source
from posewire_server.inference.engine.engine_config import EngineConfig
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import Abilities, DetectionOptions
from posewire_server.inference.families import build_estimator
from posewire_server.inference.pipeline import Pipeline
from posewire_server.inference.preprocess.transform import fit, reduce_for
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture
from posewire_server.models.catalog.catalog import BODY, CATALOG
from posewire_server.models.catalog.spec import ModelSpec
from posewire_server.pose import Poses
from posewire_server.tools.benchmarks.noop import NoopPredictor, noop_pipeline

from tests.serving.pictures import encode, noise


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), 1),
        ((1280, 720), 1),  # a half of 720 rows is less than the network's 368
        ((1310, 736), 2),
        ((1920, 1080), 2),
        ((1080, 1920), 4),
        ((3840, 2160), 4),
        ((7680, 4320), 8),
        ((20_000, 400), 8),  # as wide as the network takes, and so reduced by its width
        ((1, 1), 1),
    ],
)
def test_reduce_leaves_the_network_enough(size: tuple[int, int], expected: int) -> None:
    reduction = reduce_for(BODY.input, None)(size)
    assert reduction == expected
    transform = fit(size, BODY.input)
    assert all(
        side // reduction >= least or reduction == 1
        for side, least in zip(size, transform.size_valid, strict=True)
    )


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (Region(0, 0, 3840, 2160), 4),
        (Region(100, 100, 2020, 1180), 2),
        (Region(100, 100, 700, 500), 1),
        (Region(5000, 5000, 6000, 6000), 1),  # outside: its error is another's to tell
    ],
)
def test_reduce_looks_at_the_region(region: Region, expected: int) -> None:
    assert reduce_for(BODY.input, region)((3840, 2160)) == expected


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.name)
def test_reduce_is_for_models_that_look_once(model: ModelSpec) -> None:
    networks = {each.name: Network(each, NoopPredictor()) for each in model.networks}
    reduced = build_estimator(model, networks).abilities.reduced_modes
    assert reduced == ({model.default_mode} if model.name in ("body", "body-25") else set())


class Pointer:
    """An estimator that finds a pose at the corners of the region in the picture it is given."""

    abilities = Abilities(reduced_modes=frozenset({"fast"}))

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def find(self, picture: Picture, options: DetectionOptions, _context: FrameContext) -> Poses:
        image = picture.image
        self.shapes.append(image.shape)
        height, width = image.shape[:2]
        region = options.region or Region(0, 0, width, height)
        low, high = (region.x_min, region.y_min, 0.5), (region.x_max, region.y_max, 0.25)
        missing = (np.nan, np.nan, 0)
        keypoints = np.array([[low, high, missing]], np.float32)
        return Poses(keypoints, np.array([0.5], np.float32), np.ones((1, 3), np.float32))


def sources(width: int, height: int) -> list[Source]:
    planes = bytes(width * height * 3 // 2)
    return [
        EncodedImage(encode(noise(width, height))),
        RawImage(PixelFormat.NV12, width, height, 0, planes),
        RawImage(PixelFormat.I420, width, height, 0, planes),
    ]


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (3838, 2158), (1922, 1082)])
def test_detect_on_a_reduced_picture_answers_in_pixels_of_the_frame(
    width: int, height: int
) -> None:
    pointer = Pointer()
    pipeline = Pipeline(replace(BODY, name="pointer"), "v1", pointer, EngineConfig("plain"))
    reduction = reduce_for(BODY.input, None)((width, height))
    assert reduction > 1
    for source in sources(width, height):
        detection = pipeline.detect(source)
        assert detection.size_image == (width, height)
        shape = pointer.shapes.pop()
        assert shape == (-(-height // reduction), -(-width // reduction), 3)
        (low, high, missing) = detection.poses.keypoints[0]
        assert low.tolist() == [0, 0, 0.5]
        assert high.tolist() == [shape[1] * reduction, shape[0] * reduction, 0.25]
        assert np.isnan(missing[:2]).all()
        assert detection.poses.depths is not None
        assert detection.poses.depths.tolist() == [[reduction] * 3]
        region = Region(301, 203, width - 101.5, height - 99)
        low, high, _ = pipeline.detect(source, region=region).poses.keypoints[0]
        assert low.tolist() == [301, 203, 0.5]
        assert high.tolist() == [width - 101.5, height - 99, 0.25]
        pointer.shapes.clear()


def test_detect_region_outside_a_large_frame_is_told_in_its_pixels() -> None:
    with pytest.raises(RegionError, match="3840x2160") as caught:
        noop_pipeline().detect(sources(3840, 2160)[0], region=Region(4000, 0, 5000, 100))
    assert caught.value.metadata == {"width": "3840", "height": "2160"}
