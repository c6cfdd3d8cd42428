import math

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.errors import StreamError
from posewire_server.serving.rpc.stream_config import (
    read_answer_settings,
    read_stream_settings,
    settings_in_force,
)
from posewire_server.serving.streams.stream_settings import OverflowPolicy, StreamSettings

MOST = 16


def read(config: pb.StreamConfig, most: int) -> StreamSettings:
    return read_stream_settings(config, most)


def test_settings_defaults_are_blocking_in_order_and_without_limits() -> None:
    assert read(pb.StreamConfig(), MOST) == StreamSettings(
        max_in_flight=4,
        overflow_policy=OverflowPolicy.BLOCK,
        in_order=True,
        max_frame_age_s=math.inf,
        heartbeat_interval_s=None,
    )


def test_settings_live_stream_holds_one_frame_beside_the_one_in_work() -> None:
    config = pb.StreamConfig(overflow_policy=pb.OVERFLOW_POLICY_DROP_OLDEST)
    assert read(config, MOST).max_in_flight == 2


@pytest.mark.parametrize(("wanted", "given"), [(1, 1), (16, 16), (17, 16), (2**32 - 1, 16)])
def test_settings_in_flight_is_lowered_to_the_limit(wanted: int, given: int) -> None:
    assert read(pb.StreamConfig(max_in_flight=wanted), MOST).max_in_flight == given


def test_settings_default_in_flight_obeys_the_limit() -> None:
    assert read(pb.StreamConfig(), 1).max_in_flight == 1


def test_settings_shortest_heartbeat_is_a_tenth_of_a_second() -> None:
    config = pb.StreamConfig(heartbeat_interval=Duration(nanos=100_000_000))
    assert read(config, MOST).heartbeat_interval_s == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("field", "config"),
    [
        ("overflow_policy", pb.StreamConfig(overflow_policy=9)),  # type: ignore[arg-type]
        ("order", pb.StreamConfig(order=9)),  # type: ignore[arg-type]
        ("max_frame_age", pb.StreamConfig(max_frame_age=Duration())),
        ("max_frame_age", pb.StreamConfig(max_frame_age=Duration(seconds=-1))),
        ("heartbeat_interval", pb.StreamConfig(heartbeat_interval=Duration(nanos=99_000_000))),
    ],
)
def test_settings_out_of_range_name_their_field(field: str, config: pb.StreamConfig) -> None:
    with pytest.raises(StreamError) as raised:
        read(config, MOST)
    assert raised.value.reason == "CONFIG_INVALID"
    assert raised.value.metadata == {"field": field}


@pytest.mark.parametrize(
    ("field", "config"),
    [
        ("minimum_score", pb.StreamConfig(minimum_score=1.5)),
        ("minimum_score", pb.StreamConfig(minimum_score=-0.1)),
        ("minimum_score", pb.StreamConfig(minimum_score=math.nan)),
        ("read_mask", pb.StreamConfig(read_mask=FieldMask(paths=["poses", "pose"]))),
        ("read_mask", pb.StreamConfig(read_mask=FieldMask(paths=["poses.score"]))),
    ],
)
def test_settings_of_answers_out_of_range_name_their_field(
    field: str, config: pb.StreamConfig
) -> None:
    with pytest.raises(StreamError) as raised:
        read_answer_settings(config)
    assert raised.value.reason == "CONFIG_INVALID"
    assert raised.value.metadata == {"field": field}


def test_settings_in_force_fill_defaults_and_keep_the_rest() -> None:
    config = pb.StreamConfig(minimum_score=0.25, max_poses=3, max_frame_age=Duration(seconds=2))
    in_force = settings_in_force(config, read(config, MOST))
    assert in_force == pb.StreamConfig(
        order=pb.ORDER_AS_SENT,
        max_in_flight=4,
        overflow_policy=pb.OVERFLOW_POLICY_BLOCK,
        max_frame_age=Duration(seconds=2),
        minimum_score=0.25,
        max_poses=3,
        priority=pb.PRIORITY_NORMAL,
    )


def test_settings_read_mask_always_holds_the_sequence_id() -> None:
    assert read_answer_settings(pb.StreamConfig(read_mask=FieldMask())).fields == {"sequence_id"}
    config = pb.StreamConfig(read_mask=FieldMask(paths=["timings"]))
    assert read_answer_settings(config).fields == {"sequence_id", "timings"}


def test_settings_without_read_mask_want_every_field() -> None:
    everything = read_answer_settings(pb.StreamConfig()).fields
    assert everything == set(pb.Result.DESCRIPTOR.fields_by_name)


def test_settings_stream_that_tracks_is_one() -> None:
    assert read(pb.StreamConfig(tracking=pb.TrackingOptions()), MOST).is_tracking
    assert not read(pb.StreamConfig(), MOST).is_tracking
