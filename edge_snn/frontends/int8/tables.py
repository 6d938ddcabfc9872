"""Tables of what each of 256 codes becomes in element-wise operators, exactly as TFLite Micro computes them."""

from __future__ import annotations

import math

import numpy as np

from edge_snn.frontends.int8.scales import Broken, Scale, multiplier, nearest, radius
from edge_snn.graph.graded import CODES, SIGN
from edge_snn.reference import fixed_point
from edge_snn.reference.graded import requantise, rounding_shift

ALL = np.arange(CODES, dtype=np.int64)
INT16 = 1 << 15


def codes(values: np.ndarray, low: int = 0, high: int = CODES - 1) -> np.ndarray:
    """uint8 of integers, clamped."""
    return np.clip(values, low, high).astype(np.uint8)


def quantize(source: Scale, target: Scale) -> np.ndarray:
    """QUANTIZE of int8 or uint8: another scale."""
    return codes(target.zero + requantise(ALL - source.zero, *multiplier(source.wide / target.wide)))


def relu(source: Scale, target: Scale) -> np.ndarray:
    """RELU: another scale, clamped at 0; its factor is a quotient of float32 numbers."""
    scaled = requantise(ALL - source.zero, *multiplier(float(source.scale / target.scale)))
    return codes(target.zero + scaled, target.zero)


def relu6(source: Scale, target: Scale) -> np.ndarray:
    """RELU6: clamped on the scale of its input, which is taken to be that of its output."""
    six = source.zero + nearest(float(np.float32(6) / source.scale))
    return codes(ALL, source.zero, min(six, CODES - 1))


def leaky_relu(source: Scale, target: Scale, alpha: float) -> np.ndarray:
    """LEAKY_RELU: one factor above 0, another below."""
    below = float(source.scale * np.float32(alpha) / target.scale)
    x = ALL - source.zero
    above = requantise(x, *multiplier(float(source.scale / target.scale)))
    under = requantise(x, *multiplier(abs(below)))
    return codes(target.zero + np.where(x >= 0, above, -under if below < 0 else under))


def logistic(source: Scale, target: Scale) -> np.ndarray:
    """LOGISTIC: of scale 1/256 and zero point -128, whatever the file says of the scale."""
    if target.zero != 0:
        raise Broken("makes another zero point than -128")
    inside, ends = _fixed(source)
    share = rounding_shift(fixed_point.logistic(inside), 31 - 8)
    return codes(np.where(ends < 0, 0, np.where(ends > 0, CODES - 1, share)))


def tanh(source: Scale, target: Scale) -> np.ndarray:
    """TANH: of scale 1/128 and zero point 0, whatever the file says."""
    inside, ends = _fixed(source)
    value = rounding_shift(fixed_point.tanh(inside), 31 - 7) + SIGN
    return codes(np.where(ends < 0, 0, np.where(ends > 0, CODES - 1, value)))


def _fixed(source: Scale) -> tuple[np.ndarray, np.ndarray]:
    """All codes as Q4.27, and the sign of those that it does not hold."""
    mantissa, shift = math.frexp(source.wide * (1 << 27))
    if not 0 <= shift <= 62:  # from 31 on no code but the zero point is inside
        raise Broken(f"takes numbers of scale {source.wide:g}, too small or too large a scale for its table")
    reach = radius(4, shift)
    x = ALL - source.zero
    ends = np.where(x <= -reach, -1, np.where(x >= reach, 1, 0))
    fixed = requantise(np.where(ends == 0, x, 0), nearest(mantissa * (1 << 31)), shift)
    return fixed, ends


def hard_swish(source: Scale, target: Scale) -> np.ndarray:
    """HARD_SWISH: in 16-bit fixed point (hard_swish.h)."""
    fine = np.float32(1.0 / 128.0) * source.scale
    out, out_shift = multiplier(float(fine / target.scale))
    ramp, ramp_shift = multiplier(float(fine / np.float32(3.0 / 32768.0)))
    if out_shift > 0:
        raise Broken("its output is of a much finer scale than its input")
    table = [_hard_swish(int(x), _short(out), out_shift, _short(ramp), ramp_shift) for x in ALL - source.zero]
    return codes(np.array(table) + target.zero)


def _short(fixed: int) -> int:
    """DownScaleInt32ToInt16Multiplier."""
    return INT16 - 1 if fixed >= (1 << 31) - 1 - INT16 else (fixed + INT16) >> 16


def _hard_swish(x: int, out: int, out_shift: int, ramp: int, ramp_shift: int) -> int:
    fine = x << 7
    scaled = _high16(fine, out)
    slope = fine
    if ramp_shift > 0:
        slope = _saturated(slope << (ramp_shift - 1))
    slope = _high16(slope, ramp)
    if ramp_shift > 0:
        slope = _saturated(slope << 1)
    if ramp_shift < 0:
        slope = _shift16(slope, -ramp_shift)
    slope = (slope + INT16) >> 1
    product = slope * scaled
    return _shift16(math.trunc(product / INT16), -out_shift)


def _saturated(value: int) -> int:
    return max(-INT16, min(INT16 - 1, value))


def _high16(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul of 16 bits; no factor is -2^15 here together with the other."""
    return (a * b + (1 << 14)) >> 15


def _shift16(value: int, bits: int) -> int:
    """RoundingDivideByPOT of 16 bits, whose mask is that of an int16 even where ``bits`` are more than it has."""
    mask = ((1 << bits) - 1) & 0xFFFF
    mask -= 2 * INT16 if mask >= INT16 else 0
    return (value >> bits) + ((value & mask) > (mask >> 1) + (value < 0))
