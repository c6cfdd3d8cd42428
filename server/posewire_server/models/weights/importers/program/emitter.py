"""Emitter of a Paddle program of the older format (.pdmodel and .pdiparams).

The older format, because the OpenVINO engine of Paddle Inference takes only that one. Tensors are
(N, C, H, W); an importer calls one method for each operation it reads and names the outputs:

    with Emitter.building() as emitter:
        image = emitter.input((3, -1, -1))
        emitter.save(prefix, [emitter.relu(emitter.conv2d(image, filters))])

It switches Paddle to static graphs, which must not reach the server: use it in a child process.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

INPUT_NAME: Final = "image"
MAX_BYTES: Final = 1 << 30  # Of all weights; the largest network known has 200 MB.

Array = npt.NDArray[np.generic]
Edges = tuple[int, int, int, int]  # top, bottom, left, right in pixels
Padding = Edges | Literal["SAME", "VALID"]  # TensorFlow's names fit sizes that are free.
Pair = Sequence[int]


class Emitter:
    """One method for each operation; what they take and return are variables of Paddle.

    Constants are NumPy arrays and become parameters when an operation needs them.
    """

    def __init__(self, paddle: Any) -> None:
        self._paddle = paddle
        self._functional = paddle.nn.functional
        self._inputs: list[Any] = []
        self._values: dict[str, Array] = {}
        self._size_bytes = 0

    @classmethod
    @contextmanager
    def building(cls) -> Iterator[Self]:
        """Lends an emitter with a new, empty program."""
        import paddle
        from paddle.pir_utils import OldIrGuard

        static: Any = paddle.static
        with OldIrGuard(), static.program_guard(static.Program(), static.Program()):
            yield cls(paddle)

    def save(self, prefix: Path, outputs: Sequence[Any]) -> None:
        """Writes ``prefix``.pdmodel and ``prefix``.pdiparams; what no output needs is left out."""
        static, place = self._paddle.static, self._paddle.CPUPlace()
        scope = static.Scope()
        for name, value in self._values.items():
            scope.var(name).get_tensor().set(value, place)
        with static.scope_guard(scope):
            executor = static.Executor(place)
            static.save_inference_model(str(prefix), self._inputs, list(outputs), executor)

    def input(self, shape: Sequence[int]) -> Any:
        """Adds the network's input (N, C, H, W) float32, given (C, H, W); -1 is any size, as N."""
        image = self._paddle.static.data(INPUT_NAME, [-1, *shape], "float32")
        self._inputs.append(image)
        return image

    def parameter(self, value: Array) -> Any:
        """Adds a constant of any shape.

        Raises:
            ValueError: All constants together take more than MAX_BYTES.
        """
        self._size_bytes += value.nbytes
        if self._size_bytes > MAX_BYTES:
            raise ValueError(f"weights of more than {MAX_BYTES >> 20} MiB in total")
        parameter = self._paddle.static.create_parameter(list(value.shape), str(value.dtype))
        self._values[parameter.name] = np.ascontiguousarray(value)
        return parameter

    def conv2d(
        self,
        x: Any,
        filters: Array,
        bias: Array | None = None,
        *,
        strides: Pair = (1, 1),
        padding: Padding = "VALID",
        dilations: Pair = (1, 1),
        groups: int = 1,
    ) -> Any:
        """Convolves with filters (out, in / groups, h, w) and adds a bias (out,).

        Raises:
            ValueError: The filters do not fit the channels of x, which Paddle would find out in
                the first run only.
        """
        if x.shape[1] != filters.shape[1] * groups:
            raise ValueError(f"filters {filters.shape} on {x.shape[1]} channels")
        y = self._functional.conv2d(
            x,
            self.parameter(filters),
            stride=list(strides),
            padding=padding,
            dilation=list(dilations),
            groups=groups,
        )
        return y if bias is None else self.add_bias(y, bias)

    def conv2d_transpose(
        self, x: Any, filters: Array, *, strides: Pair, padding: Sequence[int]
    ) -> Any:
        """Spreads x with filters (in, out, h, w); ``padding`` is cut off what comes out.

        The padding is (height, width), or (top, bottom, left, right).

        Raises:
            ValueError: The filters do not fit the channels of x.
        """
        if x.shape[1] != filters.shape[0]:
            raise ValueError(f"filters {filters.shape} on {x.shape[1]} channels")
        return self._functional.conv2d_transpose(
            x, self.parameter(filters), stride=list(strides), padding=list(padding)
        )

    def add_bias(self, x: Any, bias: Array) -> Any:
        """Adds one number (C,) to each channel."""
        return x + self.parameter(bias.reshape(1, -1, 1, 1))

    def relu(self, x: Any) -> Any:
        """max(x, 0)."""
        return self._functional.relu(x)

    def relu6(self, x: Any) -> Any:
        """min(max(x, 0), 6)."""
        return self._functional.relu6(x)

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + exp(-x))."""
        return self._append("sigmoid", x)

    def tanh(self, x: Any) -> Any:
        """The hyperbolic tangent."""
        return self._append("tanh", x)

    def absolute(self, x: Any) -> Any:
        """|x|, written as relu(x) + relu(-x): OpenVINO's reader of Paddle lacks the operation."""
        return self.relu(x) + self.relu(self._negative(x))

    def prelu(self, x: Any, slopes: Array) -> Any:
        """x, if it is negative times a slope (1, C, 1, 1); C may be 1.

        Written as relu(x) - slope * relu(-x), which OpenVINO puts together again and fuses with the
        convolution before it. The engine of Paddle refuses the operation itself.
        """
        return self.relu(x) - self.relu(self._negative(x)) * self.parameter(slopes)

    def mean(self, x: Any) -> Any:
        """The mean over each map, (N, C, 1, 1)."""
        return self._paddle.mean(x, axis=[2, 3], keepdim=True)

    def average_pool(self, x: Any, size: Pair, strides: Pair, padding: Padding = "VALID") -> Any:
        """The mean over windows of (height, width); padding does not count."""
        return self._functional.avg_pool2d(x, list(size), list(strides), padding, exclusive=True)

    def resize_bilinear(self, x: Any, size: Pair, *, align_corners: bool = False) -> Any:
        """Scales to (height, width); without ``align_corners``, pixel areas map exactly."""
        return self._functional.interpolate(
            x, size=list(size), mode="bilinear", align_corners=align_corners, align_mode=0
        )

    def pad(self, x: Any, channels: Pair, padding: Edges) -> Any:
        """Adds zeros (before, after) the channels and around the maps.

        Written as a convolution that copies: what follows is fused with it, and Paddle's own
        operations are refused by its OpenVINO engine or crash in its oneDNN.
        """
        count, (before, after) = int(x.shape[1]), channels
        if not before and not after:
            ones = np.ones((count, 1, 1, 1), np.float32)
            return self.conv2d(x, ones, padding=padding, groups=count)
        copies = np.eye(before + count + after, count, -before, np.float32)
        return self.conv2d(x, copies[:, :, None, None], padding=padding)

    def max_pool(
        self,
        x: Any,
        size: Pair,
        strides: Pair,
        padding: Padding = "VALID",
        *,
        round_up: bool = False,
    ) -> Any:
        """The maximum over windows of (height, width); padding never wins.

        With ``round_up`` there is one more window if the last one would leave cells out.
        """
        return self._functional.max_pool2d(
            x, list(size), list(strides), padding, ceil_mode=round_up
        )

    def concat(self, tensors: Sequence[Any], axis: int = 1) -> Any:
        """Joins tensors along an axis of (N, C, H, W)."""
        return self._paddle.concat(list(tensors), axis=axis)

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """The same numbers in another shape; one size may be -1."""
        return self._paddle.reshape(x, list(shape))

    def transpose(self, x: Any, axes: Sequence[int]) -> Any:
        """Axis ``axes[i]`` of x becomes axis i."""
        return self._paddle.transpose(x, list(axes))

    def _negative(self, x: Any) -> Any:
        """-x, as a product with a constant: OpenVINO looks for that, not for Paddle's ``scale``."""
        return x * self.parameter(np.full((1,) * len(x.shape), -1, np.float32))

    def _append(self, operation: str, x: Any) -> Any:
        """Appends an operation whose function in Paddle takes no variables of the older format."""
        helper = self._paddle.base.layer_helper.LayerHelper(operation)
        y = helper.create_variable_for_type_inference(x.dtype)
        helper.append_op(type=operation, inputs={"X": [x]}, outputs={"Out": [y]})
        return y
