"""Sum and difference of two tensors of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_choice, fail
from edge_snn.graph.graded import ClampedNode, check_code, check_multipliers
from edge_snn.graph.tensor import Kind, TensorSpec

SIGNS = ("add", "sub")


@dataclass(frozen=True)
class GradedAdd(ClampedNode):
    """ADD or SUB of int8 in TFLite: ``clamp(zero + m2(m0((a - zero_a) << 20) +- m1((b - zero_b) << 20)), low, high)``.

    ``mi(x) = MultiplyByQuantizedMultiplier(x, multiplier[i], shift[i])``, rounding twice.

    Attributes:
        zero_a, zero_b: zero points of the inputs, as codes.
        multiplier, shift: int32 [3]; shifts are 0 or below.
        sign: "add" or "sub".
    """

    op: ClassVar[str] = "graded_add"
    arity: ClassVar[int] = 2

    zero_a: int
    zero_b: int
    multiplier: np.ndarray
    shift: np.ndarray
    sign: str = "add"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "zero_a", self.zero_a)
        check_code(self.name, "zero_b", self.zero_b)
        check_multipliers(self.name, self.multiplier, self.shift, (3,))
        if (self.shift > 0).any():
            raise fail(self.name, "a shift is above 0: 32 bits do not hold what it makes")
        check_choice(self.name, "sign", self.sign, SIGNS)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        a, b = inputs
        self.require_codes(a)
        self.require_codes(b)
        if a.shape != b.shape:
            raise fail(self.name, f"the inputs have different shapes, {a.shape} and {b.shape}")
        return TensorSpec(a.shape, Kind.GRADED, static=True)
