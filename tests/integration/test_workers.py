"""``serve --workers 2`` with the real body model."""

import grpc
import psutil
import pytest
from posewire.channel import channel_options
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.errors import EngineError
from posewire_server.models.weights.model_cache import StoredModel
from posewire_server.serving.server_process import ServerProcess

from tests.serving.raw_stream import RawStream

pytestmark = pytest.mark.weights


def test_serve_with_workers_answers_streams_and_leaves_nothing(weights: StoredModel) -> None:
    words = ["--workers", "2", "--models", "openpose_body_estimation"]
    with ServerProcess(words) as server:
        workers = psutil.Process(server.process.pid).children()
        with grpc.insecure_channel(server.address, options=channel_options()) as channel:
            stub = KeypointServiceStub(channel)
            model = stub.GetModel(pb.GetModelRequest(name="body")).model
            assert model.version == weights.version
            streams = [RawStream(stub, model="body") for _ in range(2)]
            for stream in streams:
                for number in range(3):
                    stream.frame(number)
                stream.half_close()
            for stream in streams:
                started, *results = stream.rest()
                assert started.started.model.version == weights.version
                assert [each.result.sequence_id for each in results] == [0, 1, 2]
        assert len(workers) == 2
    assert server.process.returncode == 0
    assert not any(worker.is_running() for worker in workers)


def test_serve_with_workers_unknown_model_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError, match="exit code 1"):
        ServerProcess(["--workers", "2", "--models", "boddy"])
    assert capfd.readouterr().err.count("no model is named 'boddy'") == 1
