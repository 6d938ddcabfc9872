"""Requantisation, exactly as TFLite rounds: what all layers of codes share (docs/numerics.md, "Graded edges")."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded import ClampedNode, RequantisedNode

_HALF = 1 << 30  # of SaturatingRoundingDoublingHighMul, which keeps the bits above 31


def rounding_shift(x: np.ndarray, bits: np.ndarray | int) -> np.ndarray:
    """``x / 2^bits`` rounded to the nearest, halves away from zero: RoundingDivideByPOT; int64, bits 0 .. 31."""
    wide = np.asarray(x, np.int64)
    mask = (np.int64(1) << np.asarray(bits, np.int64)) - 1
    threshold = (mask >> 1) + (wide < 0)
    return (wide >> np.asarray(bits, np.int64)) + ((wide & mask) > threshold)


def high_product(x: np.ndarray, multiplier: np.ndarray | int) -> np.ndarray:
    """``x * multiplier / 2^31`` rounded to the nearest, halves up: SaturatingRoundingDoublingHighMul; int64.

    The product that saturates there, -2^31 by itself, has no place here: one factor is never -2^31.
    """
    return (np.asarray(x, np.int64) * np.asarray(multiplier, np.int64) + _HALF) >> 31


def requantise(
    x: np.ndarray, multiplier: np.ndarray | int, shift: np.ndarray | int, rounding: str = "double"
) -> np.ndarray:
    """MultiplyByQuantizedMultiplier: ``x * multiplier / 2^31 * 2^shift``, rounded.

    Args:
        x: integers that 32 bits hold, and still hold times 2^shift.
        multiplier, shift: broadcast against ``x``: one, or one a channel.
        rounding: "double": to the high half of the product, then by the shift right; "single": once.

    Returns:
        int64, of the shape of ``x``.
    """
    wide = np.asarray(x, np.int64)
    factor = np.asarray(multiplier, np.int64)
    left = np.maximum(np.asarray(shift, np.int64), 0)
    if rounding == "single":
        total = 31 - np.asarray(shift, np.int64)
        return (wide * factor + (np.int64(1) << (total - 1))) >> total
    return rounding_shift(high_product(wide << left, factor), left - shift)


def clamp(node: ClampedNode, codes: np.ndarray) -> np.ndarray:
    """The codes, any integers, in the node's low .. high: uint8."""
    return np.clip(codes, node.low, node.high).astype(np.uint8)


def finish(node: RequantisedNode, sums: np.ndarray) -> np.ndarray:
    """Codes uint8 of sums without bias, int32 [.., channels]."""
    total = sums.astype(np.int64) + node.bias
    return clamp(node, node.zero + requantise(total, node.multiplier, node.shift, node.rounding))


def count(node: RequantisedNode, made: np.ndarray) -> np.ndarray:
    """How many of a layer's codes are not its zero point: int64 [B, 1]."""
    return np.count_nonzero(made.reshape(len(made), -1) != node.zero, axis=1).astype(np.int64)[:, None]
