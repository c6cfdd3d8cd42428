import threading

import numpy as np
import pytest
from posewire_server.errors import ModelError, RegionError, SourceError, StreamError
from posewire_server.frame import EncodedImage, PixelFormat, RawImage, Region
from posewire_server.inference.scheduling.frame_context import FrameContext, now_s

from tests.serving.contexts import CheckedContext
from tests.serving.gated_predictor import PATIENCE_S, GatedPredictor
from tests.serving.pictures import encode, noise

PICTURE = noise(96, 64)
STAGES = ["decode", "infer", "post"]


def test_pipeline_reads_every_kind_of_source() -> None:
    pipeline = GatedPredictor().pipeline()
    raw = RawImage(PixelFormat.BGR, 96, 64, 0, PICTURE.tobytes())
    for source in (PICTURE, EncodedImage(encode(PICTURE)), raw):
        detection = pipeline.detect(source)
        assert detection.size_image == (96, 64)
        assert len(detection.poses) == 0
        assert detection.poses.keypoints.shape == (0, 18, 3)


def test_pipeline_asks_before_each_stage() -> None:
    stages: list[str] = []
    GatedPredictor().pipeline().detect(PICTURE, context=CheckedContext(stages.append))
    assert stages == STAGES


@pytest.mark.parametrize(("last", "runs"), [("decode", 0), ("infer", 0), ("post", 1)])
def test_pipeline_goes_no_further_than_it_may(last: str, runs: int) -> None:
    predictor = GatedPredictor()
    passed: list[str] = []

    def check(stage: str) -> None:
        if stage == last:
            raise StreamError("FRAME_DEADLINE_EXCEEDED", stage, stage=stage)
        passed.append(stage)

    with pytest.raises(StreamError, match=last):
        predictor.pipeline().detect(PICTURE, context=CheckedContext(check))
    assert passed == STAGES[: STAGES.index(last)]
    assert predictor.started.acquire(blocking=False) is bool(runs)


def test_pipeline_after_an_error_serves_the_next_frame() -> None:
    predictor = GatedPredictor()
    pipeline = predictor.pipeline()
    predictor.faults.append(RuntimeError("engine"))
    with pytest.raises(RuntimeError, match="engine"):
        pipeline.detect(PICTURE)
    assert pipeline.detect(PICTURE).size_image == (96, 64)


def test_pipeline_runs_its_network_for_one_frame_at_a_time() -> None:
    predictor = GatedPredictor()
    predictor.gate.clear()
    pipeline = predictor.pipeline()
    ready = threading.Semaphore(0)

    def enter(stage: str) -> None:
        if stage == "decode":
            ready.release()

    def detect() -> None:
        pipeline.detect(PICTURE, context=CheckedContext(enter))

    threads = [threading.Thread(target=detect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=PATIENCE_S)
    predictor.wait_until_started()
    assert not predictor.started.acquire(blocking=False)
    predictor.gate.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert all(predictor.started.acquire(blocking=False) for _ in threads[1:])


def test_pipeline_timings_add_the_time_waited_before() -> None:
    timings = (
        GatedPredictor().pipeline().detect(PICTURE, context=FrameContext(now_s() - 1000.0)).timings
    )
    assert 1000.0 <= timings.wait_s < 1000.0 + PATIENCE_S
    assert min(timings.decode_s, timings.infer_s, timings.post_s) > 0


def test_pipeline_obeys_its_limit_of_pixels() -> None:
    pipeline = GatedPredictor().pipeline(max_pixels=96 * 64 - 1)
    with pytest.raises(SourceError) as raised:
        pipeline.detect(EncodedImage(encode(PICTURE)))
    assert raised.value.reason == "IMAGE_TOO_LARGE"


def test_pipeline_refuses_a_region_outside_the_frame() -> None:
    with pytest.raises(RegionError):
        GatedPredictor().pipeline().detect(PICTURE, region=Region(96, 0, 200, 64))


def test_pipeline_unknown_decoder_names_those_that_exist() -> None:
    pipeline = GatedPredictor().pipeline()
    assert pipeline.mode_name("") == "fast"
    with pytest.raises(ModelError, match="fast") as raised:
        pipeline.mode_name("none")
    assert raised.value.reason == "MODE_UNKNOWN"


def test_pipeline_takes_pictures_of_any_strides() -> None:
    pipeline = GatedPredictor().pipeline()
    views = (PICTURE[::-1], PICTURE[:, :, ::-1], PICTURE[::2, ::3], np.asfortranarray(PICTURE))
    for view in views:
        assert pipeline.detect(view).size_image == (view.shape[1], view.shape[0])


def test_pipeline_decoder_that_works_on_the_picture_refuses_large_ones() -> None:
    large = np.zeros((1600, 1600, 3), np.uint8)
    pipeline = GatedPredictor().pipeline()
    with pytest.raises(SourceError, match="use 'fast'") as refused:
        pipeline.detect(large, mode="paddlehub")
    assert refused.value.reason == "IMAGE_TOO_LARGE"
    region = Region(0, 0, 100, 100)
    assert pipeline.detect(large, mode="paddlehub", region=region).size_image == (1600, 1600)


def test_pipeline_of_bodies_takes_no_boxes() -> None:
    with pytest.raises(StreamError, match="takes no boxes") as raised:
        GatedPredictor().pipeline().detect(PICTURE, boxes=(Region(0, 0, 9, 9),))
    assert raised.value.reason == "FEATURE_UNIMPLEMENTED"
