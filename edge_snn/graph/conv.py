"""Two-dimensional convolution of pixels or spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_window, fail
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.graph.weights import WeightedNode


def window_output(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Number of window positions along one axis of ``size`` padded by ``before`` and ``after``."""
    return (size + before + after - kernel) // stride + 1


def windows(
    where: str,
    image: tuple[int, int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    what: str,
) -> tuple[int, int]:
    """(height, width) of the positions of a window on an image; InputError where it is larger than that."""
    top, left, bottom, right = padding
    if image[0] + top + bottom < size[0] or image[1] + left + right < size[1]:
        raise fail(where, f"the {what} is larger than the padded input")
    height = window_output(image[0], size[0], stride[0], top, bottom)
    return height, window_output(image[1], size[1], stride[1], left, right)


@dataclass(frozen=True)
class Conv2D(WeightedNode):
    """``y[t,i,j,c] = bias[c] + sum_{a,b,k} x[t, i*sy+a-top, j*sx+b-left, k] * weight[a,b,k,c]``.

    Positions outside the image are 0. BatchNorm is already folded into weight and bias. Codes of a layer in front are
    taken as pixels are: they are numbers 0..255, whose zero point is in the bias (where a border adds none).

    Attributes:
        weight: [kh, kw, cin, cout], float32, or int8 in an integer graph.
        bias: [cout], float32, or int32; added once per time step.
        stride: (sy, sx).
        padding: (top, left, bottom, right).
    """

    op: ClassVar[str] = "conv2d"
    rank: ClassVar[int] = 4
    part: ClassVar[str] = "kernel"

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        super().__post_init__()
        kh, kw = self.weight.shape[:2]
        check_window(self.name, (kh, kw), self.stride, self.padding, "kernel")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require(x, Kind.PIXELS, Kind.GRADED, Kind.SPIKES, Kind.TERNARY)
        kh, kw, _, cout = self.weight.shape
        height, width = windows(self.name, x.shape, (kh, kw), self.stride, self.padding, "kernel")
        return TensorSpec((height, width, cout), Kind.CURRENT, x.static)
