"""Two-dimensional convolution of pixels or spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_ints, fail
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.graph.weights import WeightedNode


def window_output(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Number of window positions along one axis of ``size`` padded by ``before`` and ``after``."""
    return (size + before + after - kernel) // stride + 1


@dataclass(frozen=True)
class Conv2D(WeightedNode):
    """``y[t,i,j,c] = bias[c] + sum_{a,b,k} x[t, i*sy+a-top, j*sx+b-left, k] * weight[a,b,k,c]``.

    Positions outside the image are 0. BatchNorm is already folded into weight and bias.

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
        check_ints(self.name, "stride", self.stride, 2, 1, 16)
        check_ints(self.name, "padding", self.padding, 4, 0, 16)
        kh, kw = self.weight.shape[:2]
        if max(self.padding[0], self.padding[2]) >= kh or max(self.padding[1], self.padding[3]) >= kw:
            raise fail(self.name, "padding must be smaller than the kernel")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require(x, Kind.PIXELS, Kind.SPIKES, Kind.TERNARY)
        kh, kw, _, cout = self.weight.shape
        top, left, bottom, right = self.padding
        if x.shape[0] + top + bottom < kh or x.shape[1] + left + right < kw:
            raise fail(self.name, "the kernel is larger than the padded input")
        height = window_output(x.shape[0], kh, self.stride[0], top, bottom)
        width = window_output(x.shape[1], kw, self.stride[1], left, right)
        return TensorSpec((height, width, cout), Kind.CURRENT, x.static)
