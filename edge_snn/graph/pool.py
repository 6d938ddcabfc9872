"""Max pooling of spikes (OR) or of membranes (compare)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_ints, check_window
from edge_snn.graph.conv import windows
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
        check_window(self.name, self.size, self.stride, self.padding, "window")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.SPIKES, Kind.CURRENT))
        height, width = windows(self.name, x.shape, self.size, self.stride, self.padding, "window")
        return TensorSpec((height, width, x.channels), x.kind, x.static)
