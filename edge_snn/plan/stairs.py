"""Codes that never fall as a sum grows: the sums at which they change (esnn_graded_steps.h)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_snn.graph.facts import INT32_MAX
from edge_snn.graph.graded import CODES


def steps_of(code: Callable[[np.ndarray], np.ndarray], low: int, high: int) -> np.ndarray:
    """Smallest sums in low .. high whose code is at least 1 .. 255, or ``high + 1`` where none is.

    Args:
        code: of sums int64 [255], never falling; called with sums in low .. high only.
        high: below INT32_MAX.

    Returns:
        int32 [255].
    """
    assert -INT32_MAX <= low <= high < INT32_MAX
    wanted = np.arange(1, CODES)
    left, right = np.full(CODES - 1, low, np.int64), np.full(CODES - 1, high + 1, np.int64)
    while (left < right).any():
        middle = np.minimum((left + right) >> 1, high)  # those that are done ask of any sum
        open_ = left < right
        reached = code(middle) >= wanted
        right = np.where(open_ & reached, middle, right)
        left = np.where(open_ & ~reached, middle + 1, left)
    return right.astype(np.int32)
