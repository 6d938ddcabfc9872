"""Convolution and fully connected layer of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, check_ints, check_window, fail
from edge_snn.graph.conv import windows
from edge_snn.graph.graded import CODES, MAX_GRADED_WINDOW, RequantisedNode
from edge_snn.graph.tensor import Kind, TensorSpec


def dilated(size: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    """(height, width) that a dilated window covers."""
    return (size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1


@dataclass(frozen=True)
class GradedWindowNode(RequantisedNode):
    """A layer whose weights slide over the input; positions outside count as ``input_zero``.

    Attributes:
        stride, dilation: (y, x).
        padding: (top, left, bottom, right).
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ints(self.name, "dilation", self.dilation, 2, 1, 64)
        check_window(self.name, self.covered, self.stride, self.padding, "kernel", MAX_GRADED_WINDOW)

    @property
    def covered(self) -> tuple[int, int]:
        """(height, width) of its window on the input."""
        return dilated((self.weight.shape[0], self.weight.shape[1]), self.dilation)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        if x.channels != self.weight.shape[2]:
            raise fail(self.name, f"the kernel takes {self.weight.shape[2]} channels, the input has {x.channels}")
        height, width = windows(self.name, x.shape, self.covered, self.stride, self.padding, "kernel")
        return TensorSpec((height, width, self.channels), Kind.GRADED, static=True)


@dataclass(frozen=True)
class GradedConv(GradedWindowNode):
    """See :class:`RequantisedNode`; weight [kh, kw, cin, cout]. A fully connected layer has kh = kw = 1.

    Attributes:
        seen: int32 [256], how often each code was among the inputs on calibration data; it changes no result, only how
            the kernels cut codes into digits (:mod:`edge_snn.plan.segments`). None: not known.
    """

    op: ClassVar[str] = "graded_conv"

    seen: np.ndarray | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seen is not None:
            check_array(self.name, "seen", self.seen, ("int32",), 1)
            if self.seen.shape[0] != CODES or (self.seen < 0).any():
                raise fail(self.name, f"seen must have {CODES} counts")

    @property
    def channels(self) -> int:
        return int(self.weight.shape[3])
