"""Metrics as Prometheus reads them, compared with what was sent."""

import signal
from collections.abc import Iterator
from functools import partial
from os import kill
from urllib.request import urlopen

import grpc
import psutil
import pytest
from posewire.channel import channel_options
from posewire.v1 import frame_pb2
from posewire.v1 import keypoint_service_pb2 as pb
from posewire.v1.keypoint_service_pb2_grpc import KeypointServiceStub
from posewire_server.errors import ConfigError
from posewire_server.metrics.endpoint import serve_metrics
from posewire_server.metrics.frames import REGISTRY
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.serving.server_process import ServerProcess
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.gated_predictor import PATIENCE_S
from tests.serving.raw_stream import JPEG, RawStream

Samples = dict[tuple[str, tuple[str, ...]], float]
ALONE = partial(
    ServerProcess, ["127.0.0.1:0", "127.0.0.1:0"], command=["posewire_server.tools.benchmarks.noop"]
)
FRONT = partial(ServerProcess, ["2", "127.0.0.1:0"], command=["tests.benchmarks.front"])
SOURCES = (JPEG, JPEG, b"", JPEG, JPEG[:100])


def read(url: str) -> Samples:
    """Returns the values by the name and the values of the labels, as a scrape has them."""
    with urlopen(url, timeout=PATIENCE_S) as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a name is there twice"
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture(params=["one process", "2 workers"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    with ALONE() if request.param == "one process" else FRONT() as process:
        yield process


@pytest.fixture
def stub(server: ServerProcess) -> Iterator[KeypointServiceStub]:
    with grpc.insecure_channel(server.address, options=channel_options()) as channel:
        yield KeypointServiceStub(channel)


def send_all(stub: KeypointServiceStub) -> None:
    """Sends the sources, and waits until the stream has ended."""
    stream = RawStream(stub, model="body")
    for number, source in enumerate(SOURCES):
        stream.frame(number, source)
    stream.half_close()
    assert len(list(stream.rest())) == 1 + len(SOURCES)


def test_metrics_are_what_was_sent(server: ServerProcess, stub: KeypointServiceStub) -> None:
    for _ in range(4):
        send_all(stub)
    request = pb.DetectImageRequest(model="body", frame=frame_pb2.Frame(encoded_image=JPEG))
    stub.DetectImage(request)
    with pytest.raises(grpc.RpcError):
        stub.DetectImage(pb.DetectImageRequest(model="body"))
    found = read(server.metrics_url)
    results = found["posewire_frames_total", ("body", "result", "")]
    assert results == 13
    assert found["posewire_frames_total", ("body", "error", "IMAGE_EMPTY")] == 4
    assert found["posewire_frames_total", ("body", "error", "IMAGE_UNDECODABLE")] == 4
    assert found["posewire_frames_total", ("body", "error", "SOURCE_MISSING")] == 1
    for stage in ("wait", "decode", "infer", "post"):
        assert found["posewire_stage_seconds_count", ("body", stage)] == results
        assert found["posewire_stage_seconds_sum", ("body", stage)] > 0
    assert found["posewire_batch_size_count", (TFPOSE.name,)] == results


def test_metrics_of_streams_are_those_that_are_open(
    server: ServerProcess, stub: KeypointServiceStub
) -> None:
    streams = [RawStream(stub, model="body") for _ in range(5)]
    for stream in streams:
        stream.started()
    assert read(server.metrics_url)["posewire_streams_open", ("body",)] == 5
    for stream in streams:
        stream.half_close()
        assert stream.end()[0] is grpc.StatusCode.OK
    assert read(server.metrics_url)["posewire_streams_open", ("body",)] == 0


def test_metrics_of_a_worker_that_was_killed_keep_what_it_counted() -> None:
    with (
        FRONT() as server,
        grpc.insecure_channel(server.address, options=channel_options()) as channel,
    ):
        stub = KeypointServiceStub(channel)
        for _ in range(2):
            send_all(stub)
        streams = [RawStream(stub, model="body") for _ in range(4)]
        for stream in streams:
            stream.started()
        before = read(server.metrics_url)
        assert [before["posewire_worker_streams", (place,)] for place in "01"] == [2, 2]
        assert [before["posewire_worker_restarts_total", (place,)] for place in "01"] == [0, 0]
        for worker in psutil.Process(server.process.pid).children():
            kill(worker.pid, signal.SIGKILL)
        for stream in streams:
            assert stream.next().HasField("draining")
        found = before
        while [found["posewire_worker_restarts_total", (place,)] for place in "01"] != [1, 1]:
            found = read(server.metrics_url)
    frames = {key: value for key, value in before.items() if key[0] == "posewire_frames_total"}
    assert len(frames) == 3
    assert frames.items() <= found.items()
    assert found.get(("posewire_streams_open", ("body",)), 0) == 0


def test_shown_at_an_address_that_can_not_be_had_is_an_error() -> None:
    with serve_metrics(REGISTRY, "127.0.0.1:0") as url:
        taken = url.removeprefix("http://").removesuffix("/metrics")
        for address in (taken, "127.0.0.1", "127.0.0.1:65536", "no such host:0"):
            with pytest.raises(ConfigError) as raised, serve_metrics(REGISTRY, address):
                pass
            assert raised.value.reason == "ADDRESS_UNUSABLE"


def test_shown_at_no_address_shows_nothing() -> None:
    with serve_metrics(REGISTRY, "") as url:
        assert url == ""
