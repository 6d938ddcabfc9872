"""Pooling of codes, and the mean over all positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_choice, check_ints, check_window
from edge_snn.graph.conv import windows
from edge_snn.graph.graded import ClampedNode, check_code, check_multipliers
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
        check_window(self.name, self.size, self.stride, self.padding, "window")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        height, width = windows(self.name, x.shape, self.size, self.stride, self.padding, "window")
        return TensorSpec((height, width, x.channels), Kind.GRADED, static=True)


@dataclass(frozen=True)
class Mean(ClampedNode):
    """Mean over all positions, channel by channel, as MEAN of int8 in TFLite Micro: see edge_snn.reference.graded_pool.

    Attributes:
        input_zero: zero point of the input, as a code.
        multiplier, shift: int32 [1]: of the sum of (code - input_zero), division by the number of positions included.
    """

    op: ClassVar[str] = "graded_mean"

    input_zero: int
    multiplier: np.ndarray
    shift: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "input_zero", self.input_zero)
        check_multipliers(self.name, self.multiplier, self.shift, (1,))

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        return TensorSpec((1, 1, x.channels), Kind.GRADED, static=True)
