"""Reference of :class:`edge_snn.graph.softmax.Softmax`: gemmlowp's fixed point, step by step.

A number Qm.n is an int32 that stands for itself over 2^n; m + n is 31. exp and 1 / x are those of gemmlowp's
``fixedpoint.h``, which TFLite calls.
"""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded import CODES
from edge_snn.graph.softmax import Softmax
from edge_snn.reference.graded import high_product, requantise, rounding_shift

_ONE = (1 << 31) - 1  # of Q0.31, which does not reach 1
_QUARTER = 1 << 24  # of Q5.26
_EXP_EIGHTH = 1895147668  # exp(-1/8), Q0.31
_THIRD = 715827883  # 1/3, Q0.31
# exp(-1/4), exp(-1/2), exp(-1) .. exp(-16), Q0.31
_EXP_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_48_17, _32_17 = 1515870810, 1010580540  # 48/17 and 32/17, Q2.29: where Newton's division starts
_SUM_BITS = 12  # the sum is Q12.19


def _exp_quarter(a: np.ndarray) -> np.ndarray:
    """exp(a) of Q0.31 in [-1/4, 0): its series around -1/8."""
    x = a + (1 << 28)
    x2 = high_product(x, x)
    x3 = high_product(x2, x)
    x4 = high_product(x2, x2)
    tail = rounding_shift(high_product(rounding_shift(x4, 2) + x3, _THIRD) + x2, 1)
    return _EXP_EIGHTH + high_product(x + tail, _EXP_EIGHTH)


def _exp(a: np.ndarray) -> np.ndarray:
    """exp(a) as Q0.31, of Q5.26, a <= 0: a quarter at a time."""
    rest = (a & (_QUARTER - 1)) - _QUARTER
    result = _exp_quarter(rest << 5)
    quarters = rest - a
    for power, factor in enumerate(_EXP_POWERS):
        result = np.where(quarters & (_QUARTER << power), high_product(result, factor), result)
    return np.where(a == 0, _ONE, result)


def exponentials(node: Softmax) -> np.ndarray:
    """exp of each difference 0 .. 255 of a code to the largest of its row: int64 [256], Q0.31; 0 where left out."""
    below = -np.arange(CODES, dtype=np.int64)
    counts = below >= node.least
    scaled = requantise(np.where(counts, below, 0), node.multiplier, node.shift)
    return np.where(counts, _exp(scaled), 0)


def reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 / total of sums Q12.19, at least 1: as Q0.31 of the total with its leading one at bit 31, and its place.

    Returns:
        (int64 Q0.31, int64 number of bits that the sum has above 1).
    """
    lead = np.int64(32) - np.frexp(total.astype(np.float64))[1]  # leading zeros of 32 bits
    fraction = (total << lead) - (np.int64(1) << 31)
    half = (fraction + _ONE + 1) >> 1  # RoundingHalfSum; both are above 0
    x = _48_17 + high_product(half, -_32_17)
    for _ in range(3):
        rest = (1 << 29) - high_product(half, x)
        x = x + (high_product(x, rest) << 2)
    return np.clip(x << 1, -(1 << 31), _ONE), _SUM_BITS - lead


def run(node: Softmax, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes uint8 [B, 1, H, W, C] of the shares, 256ths, of codes of the same shape."""
    (x,) = inputs
    exp = exponentials(node)[x.max(axis=-1, keepdims=True).astype(np.int64) - x]
    total = rounding_shift(exp, _SUM_BITS).sum(axis=-1, keepdims=True)
    scale, over = reciprocal(total)
    share = rounding_shift(high_product(exp, scale), over + 23)
    return np.clip(share, 0, CODES - 1).astype(np.uint8)
