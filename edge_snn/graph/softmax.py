"""Softmax of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_int, fail
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.tensor import Kind, TensorSpec

MAX_CHANNELS = 4095  # their sum is Q12.19


@dataclass(frozen=True)
class Softmax(GradedNode):
    """SOFTMAX of int8 in TFLite over the channels of each position; outputs of scale 1/256 and zero point -128.

    Attributes:
        multiplier, shift: of the differences to the largest, in Q5.26: input_beta_multiplier, input_beta_left_shift.
        least: smallest difference that counts, diff_min.
    """

    op: ClassVar[str] = "softmax"

    multiplier: int
    shift: int
    least: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int(self.name, "multiplier", self.multiplier, 0, (1 << 31) - 1)
        check_int(self.name, "shift", self.shift, 0, 31)
        check_int(self.name, "least", self.least, -(1 << 31), 0)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        if x.channels > MAX_CHANNELS:
            raise fail(self.name, f"a softmax of {x.channels} channels, at most {MAX_CHANNELS} fit 32 bits")
        return TensorSpec(x.shape, Kind.GRADED, static=True)
