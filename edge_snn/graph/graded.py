"""Graded edges: 8-bit codes 0..255 with a zero point, as int8 networks have them (docs/numerics.md, "Graded edges").

A code c stands for ``scale * (c - zero)``; an int8 value q of a .tflite has the code q + 128. Graded edges do not
change with time: they are static.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, check_choice, check_int, fail
from edge_snn.graph.node import INTEGER, Node
from edge_snn.graph.tensor import Kind, TensorSpec

CODES = 256
SIGN = 128  # the code of q = 0
ROUNDINGS = ("double", "single")
MAX_GRADED_WINDOW = 1024  # stride and padding of a window of codes
GRADED_KINDS = (Kind.GRADED, Kind.PIXELS)  # pixels are codes too


def check_code(where: str, field: str, value: int) -> None:
    """``value`` is a code."""
    check_int(where, field, value, 0, CODES - 1)


def check_multipliers(
    where: str, multiplier: np.ndarray, shift: np.ndarray, channels: tuple[int, ...], least: int = 1 << 30
) -> None:
    """Multipliers are 0 or ``least`` .. 2^31 - 1, shifts -31 .. 30 (left is above 0), one a channel or one for all."""
    check_array(where, "multiplier", multiplier, ("int32",), 1)
    check_array(where, "shift", shift, ("int32",), 1)
    if multiplier.shape != shift.shape or multiplier.shape[0] not in channels:
        raise fail(where, f"{multiplier.shape[0]} multipliers and {shift.shape[0]} shifts for {channels[-1]} channels")
    if ((multiplier != 0) & (multiplier < least)).any() or (shift < -31).any() or (shift > 30).any():
        raise fail(where, "a multiplier or a shift is out of range")


@dataclass(frozen=True)
class GradedNode(Node):
    """Makes codes of codes; ``zero`` is the zero point of what it makes, as a code.

    Attributes:
        zero: 0..255.
    """

    domain: ClassVar[str] = INTEGER

    zero: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "zero", self.zero)

    def check_domain(self, domain: str) -> None:
        if domain != INTEGER:
            raise fail(self.name, f"{self.op} exists in graphs of integers only")

    def require_codes(self, spec: TensorSpec) -> None:
        """Raises InputError unless ``spec`` is of codes."""
        self.require_kind(spec, GRADED_KINDS)


@dataclass(frozen=True)
class ClampedNode(GradedNode):
    """The same with a fused activation: what it makes lies in low .. high.

    Attributes:
        low, high: codes, low <= high.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "low", self.low)
        check_code(self.name, "high", self.high)
        if self.low > self.high:
            raise fail(self.name, f"its outputs are to lie in {self.low} .. {self.high}")


@dataclass(frozen=True)
class RequantisedNode(ClampedNode):
    """A layer with int8 weights: ``clamp(zero + requantise(bias[c] + sum (code - input_zero) * weight), low, high)``.

    ``requantise(x) = MultiplyByQuantizedMultiplier(x, multiplier[c], shift[c])`` of TFLite: rounding twice
    ("double", SaturatingRoundingDoublingHighMul then RoundingDivideByPOT) or once ("single").

    Attributes:
        input_zero: zero point of what it reads, as a code.
        weight: int8, see the subclass.
        bias: int32 [channels].
        multiplier, shift: int32 [channels].
        rounding: see above.
    """

    input_zero: int
    weight: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    rounding: str = "double"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_code(self.name, "input_zero", self.input_zero)
        check_array(self.name, "weight", self.weight, ("int8",), 4)
        check_array(self.name, "bias", self.bias, ("int32",), 1)
        if self.bias.shape[0] != self.channels:
            raise fail(self.name, f"{self.bias.shape[0]} biases for {self.channels} channels")
        check_multipliers(self.name, self.multiplier, self.shift, (self.channels,))
        check_choice(self.name, "rounding", self.rounding, ROUNDINGS)

    @property
    def channels(self) -> int:
        """Of what it makes."""
        raise NotImplementedError(type(self).__name__)
