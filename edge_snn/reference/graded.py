"""What the references of layers of codes share: TFLite's fixed-point product."""

from __future__ import annotations

import numpy as np


def requantise(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray, rounding: str) -> np.ndarray:
    """MultiplyByQuantizedMultiplier of TFLite, on int64 arrays of int32 values.

    Args:
        x: sums.
        multiplier: 0 or 2^30 .. 2^31 - 1, broadcast against ``x``.
        shift: left where above 0.
        rounding: "double": SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT, which rounds half away from
            zero; "single": one rounding, half up.
    """
    wide = x.astype(np.int64)
    if rounding == "single":
        total = 31 - shift
        return (wide * multiplier + (np.int64(1) << (total - 1))) >> total
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    product = (wide << left) * multiplier
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = product + nudge
    high = np.where(high >= 0, high >> 31, -((-high) >> 31))  # a division, towards zero
    mask = (np.int64(1) << right) - 1
    remainder = high & mask
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + (remainder > threshold)
