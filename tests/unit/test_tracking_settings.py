import pytest
from google.protobuf.duration_pb2 import Duration
from posewire.v1 import keypoint_service_pb2 as pb
from posewire_server.errors import StreamError
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.serving.rpc.stream_config import read_tracking, write_tracking


def tracking(**options: Duration) -> pb.StreamConfig:
    return pb.StreamConfig(tracking=pb.TrackingOptions(**options))


def smoothing(**options: float) -> pb.StreamConfig:
    return pb.StreamConfig(tracking=pb.TrackingOptions(), smoothing=pb.SmoothingOptions(**options))


def test_read_tracking_unset_is_none() -> None:
    assert read_tracking(pb.StreamConfig()) is None


def test_read_tracking_fills_in_the_defaults() -> None:
    assert read_tracking(tracking()) == TrackingSettings(1.0, 0.0, None)
    settings = read_tracking(smoothing())
    assert settings is not None
    assert settings.smoothing == SmoothingSettings()


def test_read_tracking_takes_every_option() -> None:
    config = smoothing(min_cutoff_hz=2.5, speed_coefficient=0.0)
    config.tracking.max_gap.seconds = 60
    config.tracking.fill_gap.nanos = 250_000_000
    assert read_tracking(config) == TrackingSettings(60.0, 0.25, SmoothingSettings(2.5, 0.0))


@pytest.mark.parametrize(
    ("field", "config"),
    [
        ("tracking.max_gap", tracking(max_gap=Duration())),
        ("tracking.max_gap", tracking(max_gap=Duration(seconds=-1))),
        ("tracking.max_gap", tracking(max_gap=Duration(seconds=60, nanos=1))),
        ("tracking.fill_gap", tracking(fill_gap=Duration())),
        ("tracking.fill_gap", tracking(fill_gap=Duration(seconds=1, nanos=1))),
        ("smoothing", pb.StreamConfig(smoothing=pb.SmoothingOptions())),
        ("smoothing.min_cutoff_hz", smoothing(min_cutoff_hz=-1)),
        ("smoothing.min_cutoff_hz", smoothing(min_cutoff_hz=float("nan"))),
        ("smoothing.min_cutoff_hz", smoothing(min_cutoff_hz=float("inf"))),
        ("smoothing.speed_coefficient", smoothing(speed_coefficient=-0.1)),
        ("smoothing.speed_coefficient", smoothing(speed_coefficient=float("nan"))),
    ],
)
def test_read_tracking_out_of_range_names_its_field(field: str, config: pb.StreamConfig) -> None:
    with pytest.raises(StreamError) as raised:
        read_tracking(config)
    assert raised.value.reason == "CONFIG_INVALID"
    assert raised.value.metadata == {"field": field}


def test_write_tracking_tells_the_values_in_force() -> None:
    config = pb.StreamConfig()
    write_tracking(config, TrackingSettings(1.0, 0.5, SmoothingSettings(1.5, 4.0)))
    assert config == pb.StreamConfig(
        tracking=pb.TrackingOptions(
            max_gap=Duration(seconds=1), fill_gap=Duration(nanos=500_000_000)
        ),
        smoothing=pb.SmoothingOptions(min_cutoff_hz=1.5, speed_coefficient=4.0),
    )


def test_write_tracking_of_a_stream_without_writes_nothing() -> None:
    config = pb.StreamConfig()
    write_tracking(config, None)
    assert config == pb.StreamConfig()
    write_tracking(config, TrackingSettings())
    assert not config.tracking.HasField("fill_gap")
    assert not config.HasField("smoothing")
