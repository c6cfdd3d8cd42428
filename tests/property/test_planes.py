"""A network's input from planes of video, made row by row, against the same from their picture."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from posewire_server import _native
from posewire_server.errors import RegionError
from posewire_server.frame import ColorMatrix, ColorRange
from posewire_server.inference.preprocess.transform import fit, prepare
from posewire_server.inference.sources.picture import Planes
from posewire_server.models.catalog.spec import InputSpec

Image = npt.NDArray[np.uint8]
SPECS = [
    InputSpec(
        height=height,
        stride=8,
        max_width=96,
        mean=(104.0, 117.0, 123.0),
        scale=(1 / 255, 1 / 128, 1.0),
        pad=-1.0,
        channel_order=order,
    )
    for height, order in ((16, "BGR"), (40, "RGB"), (200, "RGB"))
]


@st.composite
def planes(draw: st.DrawFn) -> Planes:
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 150))
    padding = draw(st.integers(0, 5))
    rng = np.random.default_rng(draw(st.integers(0, 9)))

    def plane(rows: int, columns: int, count: int) -> Image:
        samples = rng.integers(0, 256, (rows, columns * count + padding), np.uint8)
        return samples[:, : columns * count].reshape(rows, columns, count)

    rows, columns = (height + 1) // 2, (width + 1) // 2
    if draw(st.booleans()):
        chroma = plane(rows, columns, 2)  # as in NV12
        u, v = chroma[:, :, 0], chroma[:, :, 1]
    else:
        u, v = (plane(rows, columns, 1)[:, :, 0] for _ in "uv")
    return Planes(
        plane(height, width, 1)[:, :, 0],
        u,
        v,
        reduction=draw(st.sampled_from([1, 2, 4, 8])),
        color_matrix=draw(st.sampled_from(ColorMatrix)),
        color_range=draw(st.sampled_from(ColorRange)),
    )


@given(planes=planes(), spec=st.sampled_from(SPECS), data=st.data())
def test_planes_prepared_row_by_row_equal_their_picture_prepared(
    planes: Planes, spec: InputSpec, data: st.DataObject
) -> None:
    image = planes.to_image()
    assert planes.shape == image.shape
    size = image.shape[1], image.shape[0]
    corners = data.draw(st.none() | st.tuples(*[st.floats(-9, 160)] * 4))
    try:
        transform = fit(size, spec, corners)
    except RegionError:
        transform = fit(size, spec)
    np.testing.assert_array_equal(prepare(planes, transform, spec), prepare(image, transform, spec))


@pytest.mark.parametrize("simd", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_planes_prepared_give_the_same_bits_on_every_level(simd: str, reduction: int) -> None:
    rng = np.random.default_rng(1)
    y, u, v = (rng.integers(0, 256, size, np.uint8) for size in ((75, 331), (38, 166), (38, 166)))
    outputs = [np.empty((3, 24, 40), np.float32) for _ in range(2)]
    for output, level in zip(outputs, ("auto", simd), strict=True):
        try:
            _native.preprocess_yuv(
                y,
                u,
                v,
                output,
                reduction=reduction,
                matrix="bt601",
                full_range=False,
                part=(3, 2, 30, 7),
                size_valid=(40, 23),
                mean=(1.0, 2.0, 3.0),
                scale=(1.0, 0.5, 0.1),
                pad=7.0,
                swap_red_blue=True,
                simd=level,
            )
        except ValueError as error:
            if "simd must be" not in str(error):
                raise
            pytest.skip(f"this machine has no {level}")
    np.testing.assert_array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize(
    "part", [(-1, 0, 4, 4), (0, 0, 0, 4), (0, 1, 4, 4), (1, 0, 4, 4), (2**31 - 1, 0, 1, 1)]
)
def test_planes_part_beyond_the_picture_is_quoted(part: tuple[int, int, int, int]) -> None:
    planes = Planes(*(np.zeros((size, size), np.uint8) for size in (4, 2, 2)))
    with pytest.raises(ValueError, match="part must lie in the picture of 4x4"):
        _native.preprocess_yuv(
            planes.y,
            planes.u,
            planes.v,
            np.empty((3, 8, 8), np.float32),
            part=part,
            size_valid=(8, 8),
            mean=(0.0,) * 3,
            scale=(1.0,) * 3,
            pad=0.0,
            swap_red_blue=False,
            **planes.conversion,
        )
