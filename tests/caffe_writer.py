"""Writes Caffe's .caffemodel for tests: the reverse of the reader in models/importers."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tests.graphdef_writer import block, number, varint

Array = npt.NDArray[np.float32]


def blob(array: Array, *, legacy: bool = False) -> bytes:
    """A BlobProto; ``legacy`` writes four sizes instead of a shape."""
    data = block(5, array.astype("<f4").tobytes())
    if legacy:
        sizes = [1] * (4 - array.ndim) + list(array.shape)
        return b"".join(number(i + 1, size) for i, size in enumerate(sizes)) + data
    return block(7, block(1, b"".join(varint(size) for size in array.shape))) + data


def caffemodel(layers: Mapping[str, Sequence[Array]], *, legacy: bool = False) -> bytes:
    """A NetParameter with the weights of layers by name; ``legacy`` as before 2014."""
    name, blobs, field = (4, 6, 2) if legacy else (1, 7, 100)
    return b"".join(
        block(
            field,
            block(name, layer)
            + b"".join(block(blobs, blob(array, legacy=legacy)) for array in arrays),
        )
        for layer, arrays in layers.items()
    )
