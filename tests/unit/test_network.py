import logging

import numpy as np
import pytest
from posewire_server.inference.engine.network import Network
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.serving.rpc.grpc_server import _frames_at_once

from tests.serving.batching import SUBLINEAR
from tests.serving.gated_predictor import NETWORK, GatedPredictor


def test_network_calibrate_runs_a_typical_picture(caplog: pytest.LogCaptureFixture) -> None:
    predictor = GatedPredictor()
    sizes: list[tuple[int, ...]] = []

    class Noted:
        def run(self, inputs: np.ndarray) -> list[np.ndarray]:
            sizes.append(inputs.shape)
            return predictor.run(inputs)

    network = Network(NETWORK, Noted())
    assert network.largest_batch == 1
    with caplog.at_level(logging.INFO):
        network.calibrate(2)
    assert {size[1:] for size in sizes} == {(3, 48, 64)}
    assert {size[0] for size in sizes} == {1, 2}
    assert "network body" in caplog.text


def test_network_calibrate_without_batches_measures_nothing() -> None:
    predictor = GatedPredictor()
    network = Network(TFPOSE, predictor)
    network.calibrate(1)
    assert predictor.seen == []
    assert network.largest_batch == 1


def test_network_counts_runs_and_inputs() -> None:
    predictor = GatedPredictor()
    for count in (1, 3):
        predictor.network.run(np.zeros((count, 3, 48, 64), np.float32), FrameContext())
    assert (predictor.network.batcher.runs, predictor.network.batcher.inputs) == (2, 4)


def test_server_works_on_as_many_frames_at_once_as_fill_two_batches() -> None:
    alone, joined = GatedPredictor(), GatedPredictor()
    joined.network.batcher.calibration = SUBLINEAR
    assert _frames_at_once({"a": alone.pipeline()}) == 2
    assert _frames_at_once({"a": alone.pipeline(), "b": joined.pipeline()}) == 8
