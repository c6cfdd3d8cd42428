import pytest
from posewire import (
    Order,
    OverflowPolicy,
    Priority,
    Reconnect,
    SmoothingOptions,
    TrackingOptions,
)
from posewire.options import image_request, stream_config
from posewire.v1 import keypoint_service_pb2 as service_pb2


def test_stream_config_without_options_is_as_sent_and_block() -> None:
    config = stream_config("body", {})
    assert (config.model, config.order) == ("body", service_pb2.ORDER_AS_SENT)
    assert config.overflow_policy == service_pb2.OVERFLOW_POLICY_BLOCK
    assert not config.HasField("max_frame_age")
    assert not config.HasField("heartbeat_interval")
    assert not config.HasField("read_mask")


def test_stream_config_writes_every_option() -> None:
    config = stream_config(
        "body",
        {
            "mode": "openpose",
            "order": Order.AS_DONE,
            "max_in_flight": 3,
            "overflow_policy": OverflowPolicy.DROP_OLDEST,
            "max_frame_age_s": 0.5,
            "minimum_score": 0.25,
            "max_poses": 2,
            "read_mask": ["poses", "timings"],
            "heartbeat_interval_s": 2,
            "priority": Priority.LOW,
        },
    )
    assert (config.mode, config.max_in_flight) == ("openpose", 3)
    assert config.order == service_pb2.ORDER_AS_DONE
    assert config.overflow_policy == service_pb2.OVERFLOW_POLICY_DROP_OLDEST
    assert config.max_frame_age.ToMilliseconds() == 500
    assert (config.minimum_score, config.max_poses) == (0.25, 2)
    assert list(config.read_mask.paths) == ["poses", "timings"]
    assert config.heartbeat_interval.ToSeconds() == 2
    assert config.priority == service_pb2.PRIORITY_LOW


def test_image_request_writes_every_option() -> None:
    request = image_request(
        "body",
        {
            "mode": "fast",
            "minimum_score": 0.5,
            "max_poses": 1,
            "read_mask": ["poses"],
            "priority": Priority.HIGH,
        },
    )
    assert request.priority == service_pb2.PRIORITY_HIGH
    assert (request.model, request.mode) == ("body", "fast")
    assert (request.minimum_score, request.max_poses) == (0.5, 1)
    assert list(request.read_mask.paths) == ["poses"]


def test_options_unknown_name_raises_and_lists_the_known() -> None:
    with pytest.raises(TypeError, match=r"'oder'.*order"):
        stream_config("body", {"oder": 1})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(TypeError, match=r"'order'.*max_poses"):
        image_request("body", {"order": 1})  # type: ignore[typeddict-unknown-key]


def test_reconnect_delays_grow_to_the_limit_and_end() -> None:
    reconnect = Reconnect(initial_s=1, factor=2, max_s=5, jitter=0, max_attempts=5)
    delays = [reconnect.delay_s(attempt, 0.9) for attempt in range(6)]
    assert delays == [1, 2, 4, 5, 5, None]


def test_reconnect_jitter_stays_in_its_share() -> None:
    reconnect = Reconnect(initial_s=1, jitter=0.25)
    assert reconnect.delay_s(0, 0.0) == pytest.approx(0.75)
    assert reconnect.delay_s(0, 0.5) == pytest.approx(1.0)
    assert reconnect.delay_s(0, 1.0) == pytest.approx(1.25)


def test_reconnect_without_limit_never_gives_up() -> None:
    assert Reconnect(max_attempts=None, jitter=0, max_s=10).delay_s(10**6, 0) == 10


def test_reconnect_zero_attempts_gives_up_at_once() -> None:
    assert Reconnect(max_attempts=0).delay_s(0, 0.5) is None


def test_stream_config_writes_what_of_tracking_is_told() -> None:
    config = stream_config(
        "body",
        {
            "tracking": TrackingOptions(max_gap_s=2.5, fill_gap_s=0.25),
            "smoothing": SmoothingOptions(min_cutoff_hz=0.5, speed_coefficient=0.0),
        },
    )
    assert config.tracking.max_gap.ToMilliseconds() == 2500
    assert config.tracking.fill_gap.ToMilliseconds() == 250
    assert config.smoothing.min_cutoff_hz == 0.5
    assert config.smoothing.HasField("speed_coefficient")


def test_stream_config_leaves_the_rest_of_tracking_to_the_server() -> None:
    config = stream_config("body", {"tracking": True, "smoothing": SmoothingOptions()})
    assert config.tracking == service_pb2.TrackingOptions()
    assert config.smoothing == service_pb2.SmoothingOptions()
    off = stream_config("body", {"tracking": False, "smoothing": False})
    assert not off.HasField("tracking")
    assert not off.HasField("smoothing")
