"""Max pooling of spikes (OR) or of membranes (compare)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_ints, fail
from edge_snn.graph.conv import window_output
from edge_snn.graph.node import Node
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class MaxPool2D(Node):
    """Largest value of each window, channel by channel; positions outside the image do not count.

    Attributes:
        size: (height, width) of the window.
        stride: (sy, sx).
        padding: (top, left, bottom, right).
    """

    op: ClassVar[str] = "max_pool2d"

    size: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (2, 2)
    padding: tuple[int, int, int, int] = (1, 1, 1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ints(self.name, "size", self.size, 2, 1, 16)
        check_ints(self.name, "stride", self.stride, 2, 1, 16)
        check_ints(self.name, "padding", self.padding, 4, 0, 15)
        top, left, bottom, right = self.padding
        if max(top, bottom) >= self.size[0] or max(left, right) >= self.size[1]:
            raise fail(self.name, "padding must be smaller than the window")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.SPIKES, Kind.CURRENT))
        top, left, bottom, right = self.padding
        if x.shape[0] + top + bottom < self.size[0] or x.shape[1] + left + right < self.size[1]:
            raise fail(self.name, "the window is larger than the padded input")
        height = window_output(x.shape[0], self.size[0], self.stride[0], top, bottom)
        width = window_output(x.shape[1], self.size[1], self.stride[1], left, right)
        return TensorSpec((height, width, x.channels), x.kind, x.static)
