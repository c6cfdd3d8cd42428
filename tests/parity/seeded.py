"""Weights and pictures by seed, the same in every environment that has NumPy.

Weights are scaled so that activations neither vanish nor grow, and so that the last maps have some
peaks. Names and shapes are those of the published networks.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
State = dict[str, Array]
Conv = tuple[str, int, int, int]  # Name, channels in, channels out, size.

_VGG: tuple[Conv, ...] = (
    ("conv1_1", 3, 64, 3),
    ("conv1_2", 64, 64, 3),
    ("conv2_1", 64, 128, 3),
    ("conv2_2", 128, 128, 3),
    ("conv3_1", 128, 256, 3),
    ("conv3_2", 256, 256, 3),
    ("conv3_3", 256, 256, 3),
    ("conv3_4", 256, 256, 3),
    ("conv4_1", 256, 512, 3),
    ("conv4_2", 512, 512, 3),
)
# VanFace: convolutions, then two dense layers.
FACE_CONVS: tuple[Conv, ...] = (
    ("Conv1", 1, 20, 5),
    ("Conv2", 20, 48, 5),
    ("Conv3", 48, 64, 3),
    ("Conv4", 64, 80, 3),
)
FACE_DENSE = (("Dense1", 1280, 512), ("Dense3", 512, 136))


def picture(seed: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Returns a (height, width, 3) uint8 picture of soft blots."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3))
    fine = coarse.repeat(8, 0).repeat(8, 1).astype(np.int64)
    for axis in (0, 1):
        total = np.cumsum(fine, axis)
        fine = (np.take(total, range(8, total.shape[axis]), axis) - _head(total, axis)) // 8
    return fine[:height, :width].astype(np.uint8)


def _head(total: npt.NDArray[np.int64], axis: int) -> npt.NDArray[np.int64]:
    return np.take(total, range(total.shape[axis] - 8), axis)


def body_state(seed: int) -> State:
    """The parameters of openpose_body.pdparams."""
    rng = np.random.default_rng(seed)
    state: State = {}
    front = (*_VGG, ("conv4_3_CPM", 512, 256, 3), ("conv4_4_CPM", 256, 128, 3))
    _fill(state, rng, "model0", front)
    for branch, out in ((1, 38), (2, 19)):
        first = [(f"conv5_{i}_CPM_L{branch}", 128, 128, 3) for i in (1, 2, 3)]
        names = (f"conv5_4_CPM_L{branch}", f"conv5_5_CPM_L{branch}")
        _fill(
            state,
            rng,
            f"model1_{branch}",
            [*first, (names[0], 128, 512, 1), (names[1], 512, out, 1)],
        )
        for stage in range(2, 7):
            _fill(state, rng, f"model{stage}_{branch}", _stage(f"stage{stage}_L{branch}", 185, out))
    for name, gain in (("6_1.Mconv7_stage6_L1", 4), ("6_2.Mconv7_stage6_L2", 2)):
        for parameter in ("weight", "bias"):
            state[f"model{name}.{parameter}"] *= np.float32(gain)
    return state


def hand_state(seed: int) -> State:
    """The parameters of openpose_hand.pdparams."""
    rng = np.random.default_rng(seed)
    state: State = {}
    middle = [(name, 512, 512, 3) for name in ("conv4_3", "conv4_4", "conv5_1", "conv5_2")]
    _fill(state, rng, "model1_0", [*_VGG, *middle, ("conv5_3_CPM", 512, 128, 3)])
    _fill(state, rng, "model1_1", [("conv6_1_CPM", 128, 512, 1), ("conv6_2_CPM", 512, 22, 1)])
    for stage in range(2, 7):
        _fill(state, rng, f"model{stage}", _stage(f"stage{stage}", 150, 22))
    return state


def person_state(seed: int) -> State:
    """The parameters of the residual network of 50 layers, by Paddle's names."""
    rng = np.random.default_rng(seed)
    state: State = {}
    for name, norm, shape in _resnet():
        fan_in = shape[1] * shape[2] * shape[3]
        if name.startswith("deconv"):  # (in, out, 4, 4), of which each output cell sees a quarter.
            fan_in = shape[0] * 4
        state[f"{name}.weight"] = _normal(rng, shape, fan_in)
        count = shape[1] if name.startswith("deconv") else shape[0]
        if norm:
            # The last of each block adds to what it is given, so it adds little.
            gain = 0.5 if norm.endswith("bn3") else 1.0
            state[f"{norm}.weight"] = np.float32(gain) * _near_one(rng, count)
            state[f"{norm}.bias"] = np.float32(0.1) * rng.standard_normal(count, np.float32)
            state[f"{norm}._mean"] = np.float32(0.1) * rng.standard_normal(count, np.float32)
            state[f"{norm}._variance"] = _near_one(rng, count)
        else:
            state[f"{name}.bias"] = np.float32(0.1) * rng.standard_normal(count, np.float32)
    state["final_layer.weight"] *= np.float32(0.02)
    return state


def face_weights(seed: int) -> State:
    """The parameters of VanFace's layers; dense ones are (out, in)."""
    rng = np.random.default_rng(seed)
    state: State = {}
    for name, channels, out, size in FACE_CONVS:
        state[f"{name}.weight"] = _normal(rng, (out, channels, size, size), channels * size * size)
        state[f"{name}.bias"] = np.float32(0.1) * rng.standard_normal(out, np.float32)
    for name, inputs, out in FACE_DENSE:
        state[f"{name}.weight"] = _normal(rng, (out, inputs), inputs)
        state[f"{name}.bias"] = np.full(out, 0.5 if out == 136 else 0.0, np.float32)
    state["Dense3.weight"] *= np.float32(0.2)  # Points lie in and about the box.
    return state


def _stage(name: str, channels: int, out: int) -> list[Conv]:
    first = [(f"Mconv{i}_{name}", 128 if i > 1 else channels, 128, 7) for i in range(1, 6)]
    return [*first, (f"Mconv6_{name}", 128, 128, 1), (f"Mconv7_{name}", 128, out, 1)]


def _fill(state: State, rng: np.random.Generator, block: str, convolutions: Sequence[Conv]) -> None:
    for name, channels, out, size in convolutions:
        shape = (out, channels, size, size)
        state[f"{block}.{name}.weight"] = _normal(rng, shape, channels * size * size)
        state[f"{block}.{name}.bias"] = np.float32(0.05) * rng.standard_normal(out, np.float32)


def _normal(rng: np.random.Generator, shape: Sequence[int], fan_in: int) -> Array:
    return rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / fan_in))


def _near_one(rng: np.random.Generator, count: int) -> Array:
    return rng.uniform(0.8, 1.2, count).astype(np.float32)


def _resnet() -> Iterator[tuple[str, str, tuple[int, int, int, int]]]:
    """Yields the name of each convolution, of its normalisation, and the shape of its filters."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    channels = 64
    for group, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
        for index in range(blocks):
            name = f"layer{group}.{index}"
            yield f"{name}.conv1", f"{name}.bn1", (width, channels, 1, 1)
            yield f"{name}.conv2", f"{name}.bn2", (width, width, 3, 3)
            yield f"{name}.conv3", f"{name}.bn3", (4 * width, width, 1, 1)
            if index == 0:
                yield f"{name}.downsample.0", f"{name}.downsample.1", (4 * width, channels, 1, 1)
            channels = 4 * width
    for index in range(3):
        shape = (channels, 256, 4, 4)
        yield f"deconv_layers.{3 * index}", f"deconv_layers.{3 * index + 1}", shape
        channels = 256
    yield "final_layer", "", (16, 256, 1, 1)
