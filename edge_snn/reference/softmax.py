"""Reference of :class:`edge_snn.graph.softmax.Softmax`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded import CODES
from edge_snn.graph.softmax import Softmax
from edge_snn.reference import fixed_point
from edge_snn.reference.graded import high_product, requantise, rounding_shift

DIFFERENCE_BITS = 5  # differences are Q5.26
SUM_BITS = 12  # the sum is Q12.19
SHARE_BITS = 23  # shares of 256 of Q0.31


def exponentials(node: Softmax) -> np.ndarray:
    """exp of each difference 0 .. 255 of a code to the largest of its row: int64 [256], Q0.31; 0 where left out."""
    below = -np.arange(CODES, dtype=np.int64)
    counts = below >= node.least
    scaled = requantise(np.where(counts, below, 0), node.multiplier, node.shift)
    return np.where(counts, fixed_point.exp(scaled, DIFFERENCE_BITS), 0)


def reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 / total of sums Q12.19, at least 1.

    Returns:
        int64 Q0.31: of the sum without the bits that it has above 1; int64: how many these are.
    """
    lead = np.int64(32) - np.frexp(total.astype(np.float64))[1]  # leading zeros of 32 bits
    return fixed_point.one_over_one_plus((total << lead) - (np.int64(1) << 31)), SUM_BITS - lead


def run(node: Softmax, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes uint8 [B, 1, H, W, C] of the shares, 256ths, of codes of the same shape."""
    (x,) = inputs
    exp = exponentials(node)[x.max(axis=-1, keepdims=True).astype(np.int64) - x]
    total = rounding_shift(exp, SUM_BITS).sum(axis=-1, keepdims=True)
    scale, over = reciprocal(total)
    share = rounding_shift(high_product(exp, scale), over + SHARE_BITS)
    return np.clip(share, 0, CODES - 1).astype(np.uint8)
