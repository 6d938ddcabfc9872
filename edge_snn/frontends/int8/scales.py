"""Scales and zero points of a file's tensors, and the fixed-point numbers that TFLite makes of them.

All of it rounds as TFLite Micro does (``kernel_util.cc``, ``quantization_util.cc`` and the operators' Prepare).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.tflite_file import Tensor
from edge_snn.graph.graded import CODES, SIGN

ACTIVATIONS = {0: None, 1: (0.0, math.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}  # RELU, RELU_N1_TO_1, RELU6


@dataclass(frozen=True)
class Scale:
    """Of a tensor of codes.

    Attributes:
        scale: real value of one code.
        zero: zero point, as a code.
    """

    scale: np.float32
    zero: int

    @property
    def wide(self) -> float:
        """The scale as a double."""
        return float(self.scale)


class Broken(InputError):
    """A tensor whose quantisation cannot be; the operator that meets it is told by the walk."""


def checked(tensor: Tensor, channels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Scales float32 and zero points int64 of a tensor, [1], or [channels] where it may have one a channel.

    Raises:
        Broken: none, of another number, not above 0, not finite; zero points out of range.
    """
    found = tensor.quantisation
    what = f"tensor {tensor.index} ({tensor.dtype})"
    if found is None:
        raise Broken(f"{what} has no scale")
    scale, zeros = found.scale.astype(np.float32), found.zero_point.astype(np.int64)
    allowed = {1} if channels is None else {1, channels}
    if scale.size not in allowed or zeros.size not in {1, scale.size}:
        wanted = " or ".join(map(str, sorted(allowed)))
        raise Broken(f"{what} has {scale.size} scales and {zeros.size} zero points, {wanted} are expected")
    if not np.isfinite(scale).all() or (scale <= 0).any():
        raise Broken(f"{what} has a scale of {float(scale[~(np.isfinite(scale) & (scale > 0))][0]):g}")
    low = 0 if tensor.dtype == "uint8" else -SIGN
    if tensor.dtype != "int32" and ((zeros < low) | (zeros >= low + CODES)).any():
        raise Broken(f"{what} has a zero point of {int(zeros[(zeros < low) | (zeros >= low + CODES)][0])}")
    return scale, zeros


def scale_of(tensor: Tensor) -> Scale:
    """Scale and zero point of a tensor of int8 or uint8 numbers; raises :class:`Broken`."""
    scale, zeros = checked(tensor)
    return Scale(scale[0], int(zeros[0]) + (0 if tensor.dtype == "uint8" else SIGN))


def nearest(value: float) -> int:
    """Rounded, halves away from zero: C's round."""
    whole = math.trunc(value)
    return whole + (int(math.copysign(1, value)) if abs(value - whole) >= 0.5 else 0)


def multiplier(real: float) -> tuple[int, int]:
    """QuantizeMultiplier: 31 bits and a shift (left is above 0) of a number that is 0 or above.

    Raises:
        Broken: beyond 2^30.
    """
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    fixed = nearest(mantissa * (1 << 31))
    if fixed == 1 << 31:
        fixed, shift = fixed // 2, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        raise Broken(f"its scales do not fit together: a factor of {real:g} between input and output")
    return fixed, shift


def multipliers(reals: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """The same of several: int32, int32."""
    found = [multiplier(real) for real in reals]
    return (np.array([item[0] for item in found], np.int32), np.array([item[1] for item in found], np.int32))


def below_one(real: float) -> float:
    """``real``, of which TFLite demands that it be below 1."""
    if not 0.0 < real < 1.0 or multiplier(real)[1] > 0:
        raise Broken(f"its scales do not fit together: a factor of {real:g} where TFLite takes less than 1")
    return real


def mean_multiplier(real: float, count: int) -> tuple[int, int]:
    """Multiplier and shift of a sum of ``count`` numbers whose mean is to be scaled by ``real`` (reduce.h)."""
    fixed, shift = multiplier(real)
    drop = min(count.bit_length() - 1, 32, 31 + shift)
    return (fixed << drop) // count, shift - drop


def radius(whole_bits: int, left_shift: int) -> int:
    """CalculateInputRadius: the largest difference that ``whole_bits`` bits above the point hold."""
    return math.floor(((1 << whole_bits) - 1) * (1 << (31 - whole_bits)) / (1 << left_shift))


def clamp(scale: Scale, activation: int) -> tuple[int, int]:
    """Codes (low, high) that a fused activation leaves.

    Raises:
        Broken: no activation of int8 networks.
    """
    if activation not in ACTIVATIONS:
        raise Broken(f"has a fused activation of kind {activation}; RELU, RELU6 and RELU_N1_TO_1 are taken")
    ends = ACTIVATIONS[activation]
    if ends is None:
        return 0, CODES - 1
    low, high = (
        CODES if end == math.inf else scale.zero + nearest(float(np.float32(end) / scale.scale)) for end in ends
    )
    return max(low, 0), min(high, CODES - 1)
