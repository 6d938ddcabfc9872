"""Pooling of codes, and the mean over all positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_choice, check_ints, check_window, fail
from edge_snn.graph.conv import windows
from edge_snn.graph.graded import MAX_GRADED_WINDOW, ClampedNode, check_code, check_multipliers
from edge_snn.graph.tensor import Kind, TensorSpec

POOLS = ("max", "average")


@dataclass(frozen=True)
class GradedPool(ClampedNode):
    """Largest code of each window, or its average; positions outside do not count; clamped to low .. high.

    The average is that of q = code - 128 over the positions inside the image, rounded half away from zero:
    ``(sum + n / 2) / n`` for sums above 0, else ``(sum - n / 2) / n``, all towards zero.

    Attributes:
        pool: "max" or "average".
        size, stride: (y, x) of the window; up to 256.
        padding: (top, left, bottom, right).
    """

    op: ClassVar[str] = "graded_pool"

    pool: str
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "pool", self.pool, POOLS)
        check_ints(self.name, "size", self.size, 2, 1, 256)
        check_window(self.name, self.size, self.stride, self.padding, "window", MAX_GRADED_WINDOW)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        height, width = windows(self.name, x.shape, self.size, self.stride, self.padding, "window")
        return TensorSpec((height, width, x.channels), Kind.GRADED, static=True)


@dataclass(frozen=True)
class Mean(ClampedNode):
    """Mean over neighbouring axes, MEAN of int8 in TFLite Micro: ``clamp(zero + requantise(sum (code - input_zero)))``.

    The multiplier holds the division by the number of codes in a sum, and so rounds like it: see
    :func:`edge_snn.frontends.int8.scales.mean_multiplier`.

    Attributes:
        input_zero: zero point of the input, as a code.
        multiplier, shift: int32 [1].
        axes: that the mean is over, of 0 (y), 1 (x), 2 (channels), neighbours, in order; they remain, of one element.
    """

    op: ClassVar[str] = "graded_mean"

    input_zero: int
    multiplier: np.ndarray
    shift: np.ndarray
    axes: tuple[int, ...] = (0, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "input_zero", self.input_zero)
        check_multipliers(self.name, self.multiplier, self.shift, (1,), 1)
        check_ints(self.name, "axes", self.axes, None, 0, 2)
        if not self.axes or self.axes != tuple(range(self.axes[0], self.axes[0] + len(self.axes))):
            raise fail(self.name, "a mean is over neighbouring axes, in order")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        height, width, channels = (1 if axis in self.axes else size for axis, size in enumerate(x.shape))
        return TensorSpec((height, width, channels), Kind.GRADED, static=True)
