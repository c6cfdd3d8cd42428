"""A server that goes silent: the client takes the connection for broken and goes on."""

import grpc
from posewire import Lost, Reconnect, UnavailableError
from posewire.v1 import keypoint_service_pb2 as service_pb2

from tests.integration.scripted_service import (
    Requests,
    Responses,
    RunningService,
    ScriptedService,
    answer_all,
    result,
    started,
)
from tests.integration.test_client import Detect, answered_ids, detect  # noqa: F401 (a fixture)

INTERVAL_S = 0.1


def silent(
    service: ScriptedService, requests: Requests, context: grpc.ServicerContext
) -> Responses:
    """Answers a frame, beats once, and is not heard of again."""
    del context
    yield started()
    yield result(next(requests).frame.sequence_id)
    yield service_pb2.DetectResponse(heartbeat=service_pb2.Heartbeat(), credit=4)
    service.release.wait(60)


def test_detect_goes_on_elsewhere_when_the_server_is_silent(detect: Detect) -> None:  # noqa: F811
    with RunningService(silent, answer_all) as running:
        outcomes, error = detect(
            running.address, [b"x"] * 6, max_in_flight=2, heartbeat_interval_s=INTERVAL_S
        )
        assert running.service.cancelled.is_set()
    assert error is None
    assert answered_ids(outcomes) == list(range(6))
    assert len(running.service.configs) == 2


def test_detect_gives_up_on_servers_that_are_all_silent(detect: Detect) -> None:  # noqa: F811
    with RunningService(silent) as running:
        quick = Reconnect(initial_s=0.01, max_attempts=0)
        outcomes, error = detect(
            running.address, [b"x"] * 6, quick, heartbeat_interval_s=INTERVAL_S
        )
    assert isinstance(error, UnavailableError)
    assert "no sign of life for 0.3 s" in str(error)
    assert answered_ids(outcomes) == [0]
    assert isinstance(outcomes[-1], Lost)
